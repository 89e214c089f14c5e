"""Ids of crosses: what is known once a snapshot is added up beforehand, the rest for each row as it is asked for.

An id is the cross's offset and a sum over its columns, so columns may be added in any order and at any time. Ids of
different crosses never meet; 0 is the id of all that holds something unknown.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from features.definitions import CrossedEntity, list_crosses, list_names
from features.ranking.encoding import ID_COLUMNS, Encoder
from features.snapshot.arrays import Float32, Int64

UNKNOWN = -(2**62)
"""Brings an id below 0, whatever is added to it."""


class Buckets:
    """Buckets of some numeric columns. The edges are few, so that counting those below a value is quicker than looking
    for its place among them.
    """

    def __init__(self, edges: Sequence[Sequence[float]]):
        """Lay the inner edges of K columns side by side."""
        reached = [[-np.inf, *each] for each in edges]  # what is missing reaches no edge at all
        most = max(map(len, reached), default=0)
        table = np.array([row + [np.nan] * (most - len(row)) for row in reached], dtype=np.float32)
        self._edges = table.reshape(len(edges), most).T

    def find(self, values: Float32) -> npt.NDArray[np.uint8]:
        """Return the bucket of each value, 0 for what is missing; both [K, ...]."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        reached = values >= self._edges.reshape(*self._edges.shape, *[1] * (values.ndim - 1))
        found: npt.NDArray[np.uint8] = reached.view(np.uint8).sum(axis=0, dtype=np.uint8)
        return found


class Crosses:
    """The crosses of an entity over R rows, of which some columns are known."""

    def __init__(self, encoder: Encoder, entity: CrossedEntity, known: Mapping[str, np.ndarray]):
        """Add up what is known.

        Args:
            encoder: of the version.
            entity: `user_category` or `pair`.
            known: raw columns of R rows, those that are no features of the entity among them; `category_id` and
                `product_id` as vocabulary ids.
        """
        crosses = list_crosses(entity)
        strides: dict[str, list[tuple[int, int]]] = {}
        for index, cross in enumerate(crosses):
            for place, column in enumerate(cross.columns):
                stride = math.prod(map(encoder.count_buckets, cross.columns[place + 1 :]))
                strides.setdefault(column, []).append((index, stride))
        offsets = np.cumsum([1, *map(encoder.count_ids, crosses[:-1])], dtype=np.int64)
        self._begun = np.tile(offsets, (len(next(iter(known.values()))), 1))
        for column in known.keys() & strides:
            values = known[column]
            is_id = column in ID_COLUMNS
            buckets = values if is_id else Buckets([encoder.edges[column]]).find(values[None])[0].astype(np.int64)
            for index, stride in strides[column]:
                self._begun[:, index] += buckets * stride
            if is_id:
                self._begun[np.ix_(values == 0, [index for index, _ in strides[column]])] = UNKNOWN
        columns = sorted(strides.keys() - known)
        self._places = np.array([list_names(entity).index(name) for name in columns], dtype=np.int64)
        self._buckets = Buckets([encoder.edges[name] for name in columns])
        self._strides = np.zeros((len(columns), len(crosses)))
        for row, name in enumerate(columns):
            for index, stride in strides[name]:
                self._strides[row, index] = stride

    def finish(self, rows: Int64, features: Float32) -> Int64:
        """Add what was not known.

        Args:
            rows: int64[...], which of the R rows.
            features: float32[..., F], the entity's raw features.

        Returns:
            int64[..., crosses].
        """
        ids = self._begun.take(rows, axis=0)
        buckets = self._buckets.find(features.T.take(self._places, axis=0))
        # Multiplied as floats, for which there is quick code; whole numbers below 2^53 are exact in any order.
        ids += (buckets.T.astype(np.float64) @ self._strides).astype(np.int64)
        return np.maximum(ids, 0, out=ids)
