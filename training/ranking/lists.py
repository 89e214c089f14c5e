"""Ranked lists as arrays, which the model server answers from, and as a frame, which a batch is written from."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from features.ranking.candidates import Candidates
from features.snapshot.arrays import Float32, Int64, SnapshotArrays

# The columns of a ranked list.
LIST_SCHEMA = {
    "user_id": pl.Int64,
    "rank": pl.Int32,
    "product_id": pl.Int64,
    "category_id": pl.Int64,
    "score": pl.Float32,
    "reason": pl.String,
}


@dataclass(frozen=True)
class RankedLists:
    """P ranked pairs, the pairs of a user one after the other, best first.

    Attributes:
        user_ids: int64[P].
        ranks: int64[P], 1 first.
        product_ids, category_ids: int64[P].
        scores: float32[P].
        reasons: str[P].
    """

    user_ids: Int64
    ranks: Int64
    product_ids: Int64
    category_ids: Int64
    scores: Float32
    reasons: np.ndarray

    @classmethod
    def lay_out(
        cls, arrays: SnapshotArrays, pairs: Candidates, ranks: Int64, scores: Float32, reasons: np.ndarray
    ) -> "RankedLists":
        """Name users and products by their ids; `ranks` are from 0."""
        return cls(
            user_ids=arrays.user_ids[pairs.user_rows],
            ranks=ranks + 1,
            product_ids=arrays.product_ids[pairs.product_rows],
            category_ids=arrays.category_ids[arrays.category_rows[pairs.product_rows]],
            scores=scores,
            reasons=reasons,
        )

    @classmethod
    def join(cls, parts: "list[RankedLists]") -> "RankedLists":
        """Put lists one after the other; without any, nobody has one."""
        if not parts:
            nothing = np.empty(0, dtype=np.int64)
            return cls(nothing, nothing, nothing, nothing, np.empty(0, dtype=np.float32), np.empty(0, dtype=object))
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*map(_list_columns, parts), strict=True)))

    def sort_users(self) -> "RankedLists":
        """Return the lists by ascending id of the user."""
        if (self.user_ids[1:] >= self.user_ids[:-1]).all():
            return self
        order = np.argsort(self.user_ids, kind="stable")
        return RankedLists(*(column[order] for column in _list_columns(self)))

    def to_frame(self) -> pl.DataFrame:
        """Return the columns of LIST_SCHEMA."""
        *numbers, reasons = _list_columns(self)
        columns = [*numbers, pl.Series(reasons, dtype=pl.String)]
        return pl.DataFrame(dict(zip(LIST_SCHEMA, columns, strict=True)), schema=LIST_SCHEMA)


def _list_columns(lists: RankedLists) -> list[Any]:
    return [getattr(lists, field.name) for field in fields(lists)]
