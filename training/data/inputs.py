"""The model's inputs and outputs, and inputs from a snapshot: the one path that training, batch and online share."""

from copy import copy
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from features.definitions import list_crosses, list_names
from features.ranking.candidates import Candidates
from features.ranking.crosses import Crosses
from features.ranking.encoding import Encoder
from features.snapshot.arrays import Float32, Int64, SnapshotArrays

Array = TypeVar("Array")


class UserInputs(NamedTuple):
    """The part of `ModelInputs` that is of users."""

    user_features: Float32
    category_features: Float32
    category_crosses: Int64

    def take(self, users: slice) -> "UserInputs":
        """Keep some users."""
        return UserInputs(self.user_features[users], self.category_features[users], self.category_crosses[users])


class PairInputs(NamedTuple):
    """The part of `ModelInputs` that is of pairs, but for whose pair each is."""

    pair_categories: Int64
    pair_products: Int64
    pair_features: Float32
    pair_crosses: Int64


class ModelInputs(NamedTuple, Generic[Array]):
    """What the model reads of U users and P pairs, under the names and in the order that the ONNX file has.

    Attributes:
        user_features: float32[U, F].
        category_features: float32[U, C, F'], of the user in each category of the vocabulary.
        category_crosses: int64[U, C, X'].
        pair_users: int64[P], row of the pair's user.
        pair_categories: int64[P], vocabulary id of the product's category; 0 = unknown.
        pair_products: int64[P], vocabulary id of the product; 0 = unknown, or bought by the user before, where the
            pair itself says more.
        pair_features: float32[P, F''], of the pair, then of its product.
        pair_crosses: int64[P, X''].
    """

    user_features: Array
    category_features: Array
    category_crosses: Array
    pair_users: Array
    pair_categories: Array
    pair_products: Array
    pair_features: Array
    pair_crosses: Array


class ModelOutputs(NamedTuple, Generic[Array]):
    """What a version's network gives, under the names and in the order that the ONNX file has.

    Attributes:
        category_probabilities: float32[U, C].
        product_scores: float32[P].
    """

    category_probabilities: Array
    product_scores: Array


def join_inputs(users: UserInputs, pairs: PairInputs, owners: Int64) -> ModelInputs[np.ndarray]:
    """Put users and pairs together; `owners` int64[P] is the row of each pair's user."""
    return ModelInputs(*users, owners, *pairs)


class EncodedSnapshot:
    """A snapshot as a version reads it: its products are encoded once, users and pairs as they are asked for."""

    def __init__(self, encoder: Encoder, arrays: SnapshotArrays):
        self.arrays = arrays
        self._encoder = encoder
        self._categories = encoder.look_up_categories(arrays.category_ids)[arrays.category_rows]
        self._products = encoder.look_up_products(arrays.product_ids)
        self._product_features = encoder.standardise("product", arrays.products)
        of_products: dict[str, np.ndarray] = {"category_id": self._categories, "product_id": self._products}
        of_products |= {name: arrays.product_column(name) for name in list_names("product")}
        self._pair_crosses = Crosses(encoder, "pair", of_products)
        self._category_columns = arrays.find_categories(np.array(encoder.category_ids, dtype=np.int64))
        of_categories = {"category_id": np.arange(1, len(self._category_columns) + 1)}
        self._category_crosses = Crosses(encoder, "user_category", of_categories)

    def of(self, arrays: SnapshotArrays) -> "EncodedSnapshot | None":
        """Return this for other users of the same products (`SnapshotArrays.with_users`), or `None` if those differ."""
        if arrays is self.arrays:
            return self
        if arrays.products is not self.arrays.products:
            return None
        other = copy(self)
        other.arrays = arrays
        return other

    def encode_users(self, user_rows: Int64) -> UserInputs:
        """Encode users; categories stand in the vocabulary's order, those that the snapshot lacks are missing."""
        arrays, encoder, columns = self.arrays, self._encoder, self._category_columns
        raw = arrays.user_categories[user_rows][:, columns]  # a copy: [U, C, F']
        raw[:, columns < 0] = np.nan
        places = np.broadcast_to(np.arange(len(columns)), raw.shape[:2])
        return UserInputs(
            user_features=encoder.standardise("user", arrays.users[user_rows]),
            category_features=encoder.standardise("user_category", raw),
            category_crosses=self._category_crosses.finish(places, raw),
        )

    def encode_pairs(self, candidates: Candidates) -> PairInputs:
        """Encode candidates: what the pair did, then what the product is."""
        rows, encoder, num_of_pair = candidates.product_rows, self._encoder, candidates.features.shape[1]
        features = np.empty((len(rows), num_of_pair + self._product_features.shape[1]), dtype=np.float32)
        encoder.standardise_into("pair", candidates.features, features[:, :num_of_pair])
        features[:, num_of_pair:] = self._product_features.take(rows, axis=0)
        return PairInputs(
            pair_categories=self._categories[rows],
            pair_products=np.where(candidates.history_rows < 0, self._products[rows], 0),
            pair_features=features,
            pair_crosses=self._pair_crosses.finish(rows, candidates.features),
        )


def no_pairs() -> PairInputs:
    """Return the inputs of no pair at all, for callers who want categories alone."""
    num_features = len(list_names("pair")) + len(list_names("product"))
    return PairInputs(
        pair_categories=np.empty(0, dtype=np.int64),
        pair_products=np.empty(0, dtype=np.int64),
        pair_features=np.empty((0, num_features), dtype=np.float32),
        pair_crosses=np.empty((0, len(list_crosses("pair"))), dtype=np.int64),
    )
