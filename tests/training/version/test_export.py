"""Export of a version: one tracing for both of its networks, each with its own weights."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from features.ranking.encoding import Encoder
from training.data.inputs import ModelInputs
from training.fit import Fitted
from training.version import export
from training.version.embeddings import load_product_embeddings
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


def test_members_share_the_steps_of_a_run(fitted: Fitted) -> None:
    graph = onnx.load(str(fitted.folder / MODEL)).graph

    assert len(graph.node) < 100  # 194 with two members apart and three


@pytest.mark.parametrize("are_apart", [False, True], ids=["as one table", "a table each, as older versions have it"])
def test_embeddings_of_all_members_are_read_from_the_network(
    fitted: Fitted, version_folder: Path, are_apart: bool
) -> None:
    assert fitted.model is not None
    members = [member.product_head.product.weight.detach().numpy() for member in fitted.model.members]
    if are_apart:
        network = onnx.ModelProto()
        for place, table in enumerate(members):
            name = f"model.networks.{place}.product_head.product.weight"
            network.graph.initializer.append(onnx.numpy_helper.from_array(table, name))
        onnx.save_model(network, str(version_folder / MODEL))

    embeddings = load_product_embeddings(version_folder)

    assert len(members) > 1
    lengths = [np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12) for table in members]
    expected = np.hstack([table / length for table, length in zip(members, lengths, strict=True)])
    assert embeddings == pytest.approx(expected / np.sqrt(len(members)), abs=1e-6)
    assert np.linalg.norm(embeddings[1:], axis=1) == pytest.approx(1.0, abs=1e-6)


def test_a_pair_scores_the_same_whatever_is_scored_with_it(fitted: Fitted) -> None:
    session, golden = open_session(fitted.folder / MODEL), load_golden_inputs(fitted.folder)
    of_pairs = [name for name in golden if name.startswith("pair_")]
    rows = np.resize(np.arange(len(golden["pair_users"])), 333)
    inputs = golden | {name: golden[name][rows] for name in of_pairs}
    _, whole = session.run(None, inputs)

    for start in range(0, 40, 7):
        for num_pairs in (*range(1, 40), 100, 150, 293):
            some = slice(start, start + num_pairs)
            _, scores = session.run(None, inputs | {name: inputs[name][some] for name in of_pairs})
            assert np.array_equal(scores, whole[some]), (start, num_pairs)
    for user in np.unique(golden["pair_users"]):
        alone = {name: golden[name][[user]] for name in golden if name not in of_pairs}
        its = inputs["pair_users"] == user
        alone |= {name: inputs[name][its] for name in of_pairs} | {"pair_users": np.zeros(its.sum(), dtype=np.int64)}
        assert np.array_equal(session.run(None, alone)[1], whole[its]), user
