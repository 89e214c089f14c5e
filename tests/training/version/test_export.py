"""Export of a version: one tracing for both of its networks, each with its own weights."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from features.ranking.encoding import Encoder
from training.data.inputs import ModelInputs
from training.fit import Fitted
from training.version import export
from training.version.files import ENCODER, HOLDOUT, MODEL, load_golden_inputs, open_session


def test_networks_of_one_tracing_have_their_own_weights(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fitted.model is not None
    golden = load_golden_inputs(fitted.folder)
    holdout = copy.deepcopy(fitted.model)
    with torch.no_grad():
        for weights in [*holdout.parameters(), *holdout.buffers()]:
            weights.mul_(1.5 if weights.is_floating_point() else 1)
    traced: list[object] = []
    trace = torch.onnx.export

    def count(*arguments: Any, **options: Any) -> Any:
        traced.append(trace(*arguments, **options))
        return traced[-1]

    monkeypatch.setattr(torch.onnx, "export", count)
    tensors = ModelInputs(**{name: torch.from_numpy(rows) for name, rows in golden.items()})

    export.export_version(
        tmp_path, fitted.model, holdout, Encoder.load(fitted.folder / ENCODER), fitted.config, tensors
    )

    ours, theirs, registered = (
        open_session(path).run(None, golden) for path in (tmp_path / MODEL, tmp_path / HOLDOUT, fitted.folder / MODEL)
    )
    assert len(traced) == 1
    assert all(np.array_equal(one, other) for one, other in zip(ours, registered, strict=True))
    assert all(np.abs(one - other).max() > 1e-3 for one, other in zip(ours, theirs, strict=True))
