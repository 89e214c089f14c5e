"""Statistics of a batch, gathered while it is written, for the audit.

Facts of pieces add up, so that a bucket is measured chunk by chunk in bounded memory, and a batch bucket by bucket.
"""

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any, Self

import polars as pl

from serving.batch.lists import CHECKSUM_MODULUS, checksum_rows

FIRST_SLOTS = 20
"""The slots that a shopper sees at first; what is said of a list's head is measured on them."""

KEPT_PRODUCTS = 5000
"""Products whose counts are kept per bucket, the most shown ones; rarer ones cannot decide an audit."""


@dataclass
class BatchFacts:
    """Sums over the lists of some users.

    Attributes:
        num_users: users with a list.
        num_rows: entries of all lists.
        checksum: sum of row hashes modulo 2**64, see `checksum_rows`.
        non_finite_scores: entries whose score is NaN or infinite.
        lists_with_repeats: lists that hold a product twice.
        short_lists: lists with fewer entries than asked for.
        flat_lists: lists of two or more whose scores are all equal.
        top_products: how many lists begin with a product.
        shown_products: how many lists hold a product in their first slots.
    """

    num_users: int = 0
    num_rows: int = 0
    checksum: int = 0
    non_finite_scores: int = 0
    lists_with_repeats: int = 0
    short_lists: int = 0
    flat_lists: int = 0
    top_products: Counter[int] = field(default_factory=Counter)
    shown_products: Counter[int] = field(default_factory=Counter)

    def add(self, other: Self) -> None:
        """Take the facts of another piece into this one."""
        for name in (column.name for column in fields(self)):
            value = getattr(other, name)
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)
        self.checksum %= CHECKSUM_MODULUS

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, with the most shown products only."""
        plain = {column.name: getattr(self, column.name) for column in fields(self)}
        for name in ("top_products", "shown_products"):
            plain[name] = plain[name].most_common(KEPT_PRODUCTS)
        return plain | {"checksum": f"{self.checksum:016x}"}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """Read back what `to_json` gave."""
        counters = {name: Counter(dict(plain[name])) for name in ("top_products", "shown_products")}
        return cls(**(plain | counters | {"checksum": int(plain["checksum"], 16)}))


def measure(ranked: pl.DataFrame, full_length: int) -> BatchFacts:
    """Measure the lists of some users.

    Args:
        ranked: columns user_id, rank, product_id, score; all rows of each user that is in it.
        full_length: entries that each list should have.
    """
    score = pl.col("score").cast(pl.Float32)
    lists = ranked.group_by("user_id").agg(
        length=pl.len(),
        distinct=pl.col("product_id").n_unique(),
        is_flat=(score.max() == score.min()) & (pl.len() > 1),
    )
    first = ranked.filter(pl.col("rank") <= FIRST_SLOTS)
    return BatchFacts(
        num_users=lists.height,
        num_rows=ranked.height,
        checksum=checksum_rows(*(ranked[name] for name in ("user_id", "rank", "product_id", "score"))),
        non_finite_scores=ranked.select((~score.is_finite()).fill_null(True).sum()).item(),
        lists_with_repeats=lists.filter(pl.col("distinct") < pl.col("length")).height,
        short_lists=lists.filter(pl.col("length") < full_length).height,
        flat_lists=int(lists["is_flat"].sum()),
        top_products=_count(first.filter(pl.col("rank") == 1)),
        shown_products=_count(first),
    )


def _count(rows: pl.DataFrame) -> Counter[int]:
    """Count the rows of each product."""
    counts = rows.group_by("product_id").len()
    return Counter(dict(zip(counts["product_id"].to_list(), counts["len"].to_list(), strict=True)))
