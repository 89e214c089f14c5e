"""Compatibility of a network with this code: another signature or vocabulary must not serve."""

import numpy as np
import onnxruntime

from features.definitions import list_crosses, list_names
from features.ranking.encoding import Encoder
from training.data.inputs import ModelInputs, ModelOutputs
from training.version.files import ArtefactError

FLOAT, INTEGER = "tensor(float)", "tensor(int64)"
ANY = "any"

Sizes = tuple[int | str, ...]
Value = tuple[str, str, Sizes]


def check_signature(session: onnxruntime.InferenceSession, encoder: Encoder) -> None:
    """Compare names, types, order and fixed sizes of a network's inputs and outputs with what its encoder makes.

    Raises:
        ArtefactError: one differs; the message names both.
    """
    found = [_read(value) for value in (*session.get_inputs(), *session.get_outputs())]
    expected = [*_expect_inputs(encoder), *_expect_outputs(encoder)]
    for ours, theirs in zip(expected, found, strict=False):
        if ours != theirs:
            raise ArtefactError(f"The network has another signature: {theirs} where this code feeds or reads {ours}.")
    if len(found) != len(expected):
        raise ArtefactError(
            f"The network has another signature: {len(found)} inputs and outputs, expected {len(expected)}."
        )


def _expect_inputs(encoder: Encoder) -> list[Value]:
    num_categories = len(encoder.category_ids)
    num_pair = len(list_names("pair")) + len(list_names("product"))
    inputs: ModelInputs[tuple[str, Sizes]] = ModelInputs(
        user_features=(FLOAT, (ANY, len(list_names("user")))),
        category_features=(FLOAT, (ANY, num_categories, len(list_names("user_category")))),
        category_crosses=(INTEGER, (ANY, num_categories, len(list_crosses("user_category")))),
        pair_users=(INTEGER, (ANY,)),
        pair_categories=(INTEGER, (ANY,)),
        pair_products=(INTEGER, (ANY,)),
        pair_features=(FLOAT, (ANY, num_pair)),
        pair_crosses=(INTEGER, (ANY, len(list_crosses("pair")))),
    )
    return [(name, *value) for name, value in inputs._asdict().items()]


def _expect_outputs(encoder: Encoder) -> list[Value]:
    outputs: ModelOutputs[tuple[str, Sizes]] = ModelOutputs(
        category_probabilities=(FLOAT, (ANY, len(encoder.category_ids))), product_scores=(FLOAT, (ANY,))
    )
    return [(name, *value) for name, value in outputs._asdict().items()]


def _read(value: onnxruntime.NodeArg) -> Value:
    sizes = tuple(size if isinstance(size, int) else ANY for size in value.shape)
    return value.name, value.type, sizes


def check_vocabulary(session: onnxruntime.InferenceSession, encoder: Encoder) -> None:
    """Make sure that the network holds an embedding for each product of its encoder's vocabulary, and no more.

    Raises:
        ArtefactError: encoder and network belong to different vocabularies.
    """
    last = len(encoder.product_ids)  # ids count from 1; 0 is unknown
    if not _knows(session, encoder, last) or _knows(session, encoder, last + 1):
        raise ArtefactError(f"The network was not trained with this encoder's vocabulary of {last} products.")


def _knows(session: onnxruntime.InferenceSession, encoder: Encoder, product: int) -> bool:
    """Try one pair with a product's id: the runtime refuses an id beyond the embedding's rows."""
    feeds = {
        name: np.zeros([1 if size == ANY else int(size) for size in sizes], np.float32 if kind == FLOAT else np.int64)
        for name, kind, sizes in _expect_inputs(encoder)
    }
    feeds["pair_products"][:] = product
    quiet = onnxruntime.RunOptions()
    quiet.log_severity_level = 4
    try:
        session.run(None, feeds, quiet)
    except Exception:  # the runtime's own errors have no public base
        return False
    return True
