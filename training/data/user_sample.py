"""Seeded sample of the users of a window, chosen from when users ordered, before anything else of them is read.

Each user has a place in one order drawn by chance, the same for all windows. Of a window's buyers the first are taken,
and of those who had ordered lately and then bought nothing all that stand before the last buyer taken: both are sampled
alike, so that shares over them are shares over all. Of those who ordered long ago at most as many as buyers are taken,
each of whom stands for several. No more users than MOST_USERS are looked at, the first of the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

import numpy as np
import polars as pl

from features.snapshot.arrays import Float32, Int64
from features.snapshot.lines import scan_orders, scan_users
from features.store import MLStore

MOST_USERS = 500_000
# Who ordered at most so many days before a window is asked about in it, ordering or not.
ACTIVE_DAYS = 56
_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class UserSample(NamedTuple):
    """Some users of a window.

    Attributes:
        user_ids: int64[S], sorted.
        stands_for: float32[S], how many users each stands for, beside one who bought.
    """

    user_ids: Int64
    stands_for: Float32


@dataclass(frozen=True)
class OrderIndex:
    """When users ordered, of at most about MOST_USERS.

    Attributes:
        orders: user_id, ordered_at, place (uint64); one row an order.
        first_order: when the first user ordered; None where nobody did.
    """

    orders: pl.DataFrame
    first_order: datetime | None

    @classmethod
    def load(cls, store: MLStore, as_of: datetime, versions: Mapping[str, int], seed: int) -> Self:
        """Read the orders before an instant."""
        with store.explained("users", "orders"):
            num_users = int(scan_users(store, as_of, versions).select(pl.len()).collect().item())
            orders = scan_orders(store, as_of, versions).filter(pl.col("user_id").is_not_null())
            placed = orders.select("user_id", "ordered_at", place=draw_places(pl.col("user_id"), seed))
            last_place = min(2**64 * MOST_USERS // max(num_users, 1), 2**64 - 1)
            kept = placed.filter(pl.col("place") <= pl.lit(last_place, pl.UInt64))
            first = orders.select(pl.col("ordered_at").min()).collect().item()
            return cls(kept.collect(), first)

    def sample(self, start: datetime, end: datetime, most_buyers: int) -> UserSample:
        """Choose the users of a window [start, end), all of them where no more than `most_buyers` ordered in it."""
        known = pl.col("ordered_at").filter(pl.col("ordered_at") < start).max()
        users = (
            self.orders.filter(pl.col("ordered_at") < end)
            .group_by("user_id")
            .agg(pl.col("place").first(), last=known, buys=(pl.col("ordered_at") >= start).any())
            .filter(pl.col("last").is_not_null())
            .sort("place")
        )
        buyers = users.filter("buys")
        if buyers.height > most_buyers:
            buyers = buyers.head(most_buyers)
            users = users.filter(pl.col("place") <= buyers["place"].max())
        is_lapsed = ~pl.col("buys") & (pl.col("last") < start - timedelta(days=ACTIVE_DAYS))
        lapsed = users.filter(is_lapsed)
        taken = lapsed.head(most_buyers)
        weight = lapsed.height / max(taken.height, 1)
        chosen = pl.concat(
            [
                users.filter(~is_lapsed).select("user_id", stands_for=pl.lit(1.0)),
                taken.select("user_id", stands_for=pl.lit(weight)),
            ]
        ).sort("user_id")
        return UserSample(chosen["user_id"].to_numpy(), chosen["stands_for"].to_numpy().astype(np.float32))


def draw_places(user_id: pl.Expr, seed: int) -> pl.Expr:
    """Draw each user's place in the order by chance, uint64: SplitMix64 (Steele et al. 2014), the same everywhere."""
    state = user_id.reinterpret(signed=False) + pl.lit(_ODD[0] * (seed + 1) % 2**64, pl.UInt64)
    for shift, factor in zip((30, 27), _ODD[1:], strict=True):
        state = (state ^ (state // 2**shift)) * pl.lit(factor, pl.UInt64)
    return state ^ (state // 2**31)
