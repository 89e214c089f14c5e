"""Export of trained weights to ONNX, checked against torch on golden rows."""

import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from features.ranking.encoding import Encoder
from training.config import TrainingConfig
from training.data.inputs import ModelInputs, ModelOutputs, UserInputs
from training.model.merged import MergedEnsemble
from training.model.wide_deep import Ensemble
from training.version.files import (
    CONFIG,
    ENCODER,
    HOLDOUT,
    MODEL,
    TOLERANCE,
    ArtefactError,
    open_session,
    write_golden,
    write_manifest,
)

# The exporter tells every folded constant; only what goes wrong is of interest here.
for _chatty in ("onnxscript", "onnx_ir", "torch.onnx"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class _Probabilities(nn.Module):
    """The model with the sigmoid of both heads."""

    def __init__(self, model: Ensemble | MergedEnsemble):
        super().__init__()
        self.model = model

    def forward(self, inputs: ModelInputs[Tensor]) -> ModelOutputs[Tensor]:
        category_logits, product_logits = self.model(inputs)
        return ModelOutputs(category_logits.sigmoid(), product_logits.sigmoid())


def export_version(
    folder: Path,
    model: Ensemble,
    holdout: Ensemble,
    encoder: Encoder,
    config: TrainingConfig,
    golden: ModelInputs[Tensor],
) -> None:
    """Write a version's folder.

    Args:
        folder: is created.
        model: trained, in evaluation mode; it serves.
        holdout: trained without the newest window, in evaluation mode; the gate evaluates it there.
        encoder: that both were trained with.
        config: that both were trained with.
        golden: a few encoded users and pairs; at least two of each.

    Raises:
        ArtefactError: an exported network and torch differ by more than 1e-6 on the golden rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder / ENCODER)
    config.dump(folder / CONFIG)
    program = _trace(_merge(holdout), golden)
    _write_network(folder / HOLDOUT, program, holdout, golden)
    write_golden(folder, _write_network(folder / MODEL, program, model, golden), _name_arrays(golden))
    write_manifest(folder)


def _trace(network: nn.Module, golden: ModelInputs[Tensor]) -> torch.onnx.ONNXProgram:
    """Turn a network into a graph for any number of users and pairs, as it is computed in torch."""
    users, pairs = torch.export.Dim("users"), torch.export.Dim("pairs")
    shapes = ModelInputs(*({0: users} if name in UserInputs._fields else {0: pairs} for name in ModelInputs._fields))
    program = torch.onnx.export(
        network,
        (golden,),
        dynamo=True,
        dynamic_shapes=(shapes,),
        input_names=list(ModelInputs._fields),
        output_names=list(ModelOutputs._fields),
        optimize=False,
        verbose=False,
    )
    if program is None:
        raise ArtefactError("The ONNX exporter returned nothing; see its log above.")
    return program


def _write_network(
    path: Path, traced: torch.onnx.ONNXProgram, model: Ensemble, golden: ModelInputs[Tensor]
) -> InferenceSession:
    """Write a network and give it back opened, once it scores the golden rows as torch does.

    Tracing takes seconds, so the networks of a version share it: they differ by their weights alone.
    """
    network = _merge(model)
    program = torch.onnx.ONNXProgram(traced.model.clone(), traced.exported_program)
    read = program.model.graph.initializers
    program.apply_weights({name: weight for name, weight in network.state_dict().items() if name in read})
    program.optimize()  # folds weights into each other, so it comes after them
    onnx.save_model(program.model_proto, str(path))
    session = open_session(path)
    _compare(_Probabilities(model).eval(), golden, session.run(None, _name_arrays(golden)))
    return session


def _merge(model: Ensemble) -> nn.Module:
    """Return the network that is exported, with its members' small steps as one."""
    return _Probabilities(MergedEnsemble(model)).eval()


def _name_arrays(inputs: ModelInputs[Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in inputs._asdict().items()}


def _compare(network: nn.Module, inputs: ModelInputs[Tensor], exported: list[np.ndarray]) -> None:
    with torch.inference_mode():
        expected = network(inputs)
    for name, ours, theirs in zip(ModelOutputs._fields, expected, exported, strict=True):
        difference = float(np.abs(ours.numpy() - theirs).max())
        if not difference <= TOLERANCE:
            raise ArtefactError(f"{name}: ONNX differs from torch by {difference!r}, allowed {TOLERANCE}.")
