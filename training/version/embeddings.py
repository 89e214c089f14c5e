"""Learned product embeddings, read from the ONNX file that serves. Nothing is executed."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from features.snapshot.arrays import Float32
from training.version.files import MODEL, ArtefactError

_OF_PRODUCTS = "products.product_embeddings"
"""How the name ends under which the network keeps its members' embeddings, [1 + vocabulary, members, embedding_size]
(training/model/merged.py)."""

_OF_MEMBER = "product_head.product.weight"
"""The same of a version whose members were exported apart, each with its own, [1 + vocabulary, embedding_size]."""


def load_product_embeddings(folder: Path) -> Float32:
    """Read the embeddings of all members, each of unit length, side by side.

    Args:
        folder: of a version whose hashes were checked.

    Returns:
        float32[1 + vocabulary, members * embedding_size]; row 0, what is unknown, is all zeros.

    Raises:
        ArtefactError: the network keeps no embeddings under the expected name.
    """
    network = onnx.load(str(folder / MODEL), load_external_data=False)
    kept = [
        numpy_helper.to_array(each)
        for each in network.graph.initializer
        if each.name.endswith((_OF_PRODUCTS, _OF_MEMBER))
    ]
    if not kept:
        raise ArtefactError(f"{MODEL} keeps no {_OF_PRODUCTS!r}: it was exported by other code; train a new version.")
    tables = [table for each in kept for table in each.reshape(len(each), -1, each.shape[-1]).swapaxes(0, 1)]
    lengths = [np.linalg.norm(table, axis=1, keepdims=True) for table in tables]
    embeddings = np.concatenate(
        [table / np.maximum(length, 1e-12) for table, length in zip(tables, lengths, strict=True)], axis=1
    )
    embeddings[0] = 0.0
    return embeddings.astype(np.float32) / np.float32(np.sqrt(len(tables)))
