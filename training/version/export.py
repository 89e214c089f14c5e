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

INPUT_NAMES = [
    "user_features",
    "category_features",
    "category_crosses",
    "pair_users",
    "pair_categories",
    "pair_products",
    "pair_features",
    "pair_crosses",
]
OUTPUT_NAMES = ["category_probabilities", "product_scores"]
_USER_INPUTS = 3
# The exporter tells every folded constant; only what goes wrong is of interest here.
for _chatty in ("onnxscript", "onnx_ir", "torch.onnx"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class _Probabilities(nn.Module):
    """The model with the sigmoid of both heads."""

    def __init__(self, model: Ensemble):
        super().__init__()
        self.model = model

    def forward(
        self,
        user_features: Tensor,
        category_features: Tensor,
        category_crosses: Tensor,
        pair_users: Tensor,
        pair_categories: Tensor,
        pair_products: Tensor,
        pair_features: Tensor,
        pair_crosses: Tensor,
    ) -> tuple[Tensor, Tensor]:
        category_logits, product_logits = self.model(
            user_features,
            category_features,
            category_crosses,
            pair_users,
            pair_categories,
            pair_products,
            pair_features,
            pair_crosses,
        )
        return category_logits.sigmoid(), product_logits.sigmoid()


def export_version(
    folder: Path,
    model: Ensemble,
    holdout: Ensemble,
    encoder: Encoder,
    config: TrainingConfig,
    golden: dict[str, np.ndarray],
) -> None:
    """Write a version's folder.

    Args:
        folder: is created.
        model: trained, in evaluation mode; it serves.
        holdout: trained without the newest window, in evaluation mode; the gate evaluates it there.
        encoder: that both were trained with.
        config: that both were trained with.
        golden: a few encoded users and pairs by input name; at least two of each.

    Raises:
        ArtefactError: an exported network and torch differ by more than 1e-6 on the golden rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder / ENCODER)
    config.dump(folder / CONFIG)
    _export_network(folder / HOLDOUT, holdout, golden)
    write_golden(folder, _export_network(folder / MODEL, model, golden), golden)
    write_manifest(folder)


def _export_network(path: Path, model: Ensemble, golden: dict[str, np.ndarray]) -> InferenceSession:
    """Write a network and give it back opened, once it scores the golden rows as torch does."""
    network = _Probabilities(model).eval()
    inputs = tuple(torch.from_numpy(golden[name]) for name in INPUT_NAMES)
    users, pairs = torch.export.Dim("users"), torch.export.Dim("pairs")
    shapes = tuple({0: users} if index < _USER_INPUTS else {0: pairs} for index in range(len(INPUT_NAMES)))
    program = torch.onnx.export(
        network,
        inputs,
        dynamo=True,
        dynamic_shapes=shapes,
        input_names=INPUT_NAMES,
        output_names=OUTPUT_NAMES,
        verbose=False,
    )
    if program is None:
        raise ArtefactError("The ONNX exporter returned nothing; see its log above.")
    onnx.save_model(program.model_proto, str(path))
    session = open_session(path)
    _compare(network, inputs, session.run(None, golden))
    return session


def _compare(network: nn.Module, inputs: tuple[Tensor, ...], exported: list[np.ndarray]) -> None:
    with torch.inference_mode():
        expected = network(*inputs)
    for name, ours, theirs in zip(OUTPUT_NAMES, expected, exported, strict=True):
        difference = float(np.abs(ours.numpy() - theirs).max())
        if not difference <= TOLERANCE:
            raise ArtefactError(f"{name}: ONNX differs from torch by {difference!r}, allowed {TOLERANCE}.")
