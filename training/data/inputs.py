"""Model inputs from a snapshot: the one path that training, batch and online share."""

from dataclasses import dataclass

import numpy as np

from features.definitions import list_crosses, list_names
from features.ranking.candidates import Candidates
from features.ranking.encoding import Encoder
from features.ranking.pairs import assemble_pairs
from features.snapshot.arrays import Float32, Int64, SnapshotArrays


@dataclass(frozen=True)
class UserInputs:
    """U users, encoded: features float32[U, F], categories float32[U, C, F'], category_crosses int64[U, C, X']."""

    features: Float32
    categories: Float32
    category_crosses: Int64


@dataclass(frozen=True)
class PairInputs:
    """P pairs, encoded.

    Attributes:
        categories: int64[P], vocabulary ids; 0 = unknown.
        products: int64[P], likewise; 0 also for what the user bought before, where the pair itself says more.
        features: float32[P, F].
        crosses: int64[P, X].
    """

    categories: Int64
    products: Int64
    features: Float32
    crosses: Int64


def encode_users(encoder: Encoder, arrays: SnapshotArrays, user_rows: Int64) -> UserInputs:
    """Encode users; categories stand in the vocabulary's order, those that the snapshot lacks are missing."""
    columns = arrays.find_categories(np.array(encoder.category_ids, dtype=np.int64))
    raw = arrays.user_categories[user_rows][:, columns]  # a copy: [U, C, F']
    raw[:, columns < 0] = np.nan
    category_ids = np.broadcast_to(np.arange(1, len(columns) + 1), raw.shape[:2])
    by_name = {name: raw[..., index] for index, name in enumerate(list_names("user_category"))}
    return UserInputs(
        features=encoder.standardise("user", arrays.users[user_rows]),
        categories=encoder.standardise("user_category", raw),
        category_crosses=encoder.cross("user_category", {**by_name, "category_id": category_ids}),
    )


def encode_pairs(encoder: Encoder, arrays: SnapshotArrays, candidates: Candidates) -> PairInputs:
    """Encode candidates: what the pair did, then what the product is."""
    pairs = assemble_pairs(arrays, candidates)
    raw_products = arrays.products[candidates.product_rows]
    categories = encoder.look_up_categories(arrays.category_ids)[arrays.category_rows[candidates.product_rows]]
    products = encoder.look_up_products(arrays.product_ids[candidates.product_rows])
    columns: dict[str, np.ndarray] = {"category_id": categories, "product_id": products}
    columns |= {name: pairs[:, index] for index, name in enumerate(list_names("pair"))}
    columns |= {name: raw_products[:, index] for index, name in enumerate(list_names("product"))}
    features = [encoder.standardise("pair", pairs), encoder.standardise("product", raw_products)]
    return PairInputs(
        categories=categories,
        products=np.where(candidates.history_rows < 0, products, 0),
        features=np.concatenate(features, axis=1),
        crosses=encoder.cross("pair", columns),
    )


def no_pairs() -> PairInputs:
    """Return the inputs of no pair at all, for callers who want categories alone."""
    num_features = len(list_names("pair")) + len(list_names("product"))
    return PairInputs(
        categories=np.empty(0, dtype=np.int64),
        products=np.empty(0, dtype=np.int64),
        features=np.empty((0, num_features), dtype=np.float32),
        crosses=np.empty((0, len(list_crosses("pair"))), dtype=np.int64),
    )
