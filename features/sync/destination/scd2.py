"""Slowly changing dimension, type 2 (SCD2): row versions valid in `(known_from, known_until]`; pure functions.

- The first version of a row begins at its `created_at`.
- A change begins at the row's `updated_at` when that tells the truth: later than the version before, and not in the
  future. Else (changed without touching `updated_at`, a clock ahead, a zero date) it begins when it was noticed.
- A row that is gone from the shop is closed when that was noticed; one that comes back gets a new version.
- An orphan, a row whose parent was never seen, is kept with `known_from` null: no instant sees it. When its parent
  comes, a version begins at the instant when that was noticed.

So what was known before an instant never changes when later rows come, change or go.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from features.store import KNOWN_FROM, KNOWN_UNTIL
from features.sync.source.columns import SyncedTable
from shop.mapping.canonical import CREATED_AT, UPDATED_AT

TICK = timedelta(microseconds=1)
OLD = "_old"


@dataclass(frozen=True)
class Changes:
    """What turns the stored versions into the shop's rows.

    Attributes:
        openings: new versions, the table's columns plus the two of the life; `known_until` is null.
        closings: key and `known_until` of open versions that end; at most one open version exists for a key.
        num_inserted, num_changed, num_revived, num_deleted: rows by what happened to them.
        num_quarantined: how many more rows wait for a parent than before.
        num_known: rows whose key has an open version.
        num_recreated: rows of these with another `created_at`.
        num_contradicting: rows of these that differ, and not by a later change: with another `created_at`, or another
            content although `updated_at` did not move on.
    """

    openings: pl.DataFrame
    closings: pl.DataFrame
    num_inserted: int = 0
    num_changed: int = 0
    num_revived: int = 0
    num_deleted: int = 0
    num_quarantined: int = 0
    num_known: int = 0
    num_recreated: int = 0
    num_contradicting: int = 0


def versioned_schema(table: SyncedTable) -> pl.Schema:
    """Return the columns of a synced table in the store: the shop's, then the two of the row's life."""
    instant = pl.Datetime("us", "UTC")
    return pl.Schema({**table.store_schema, KNOWN_FROM: instant, KNOWN_UNTIL: instant})


def open_first(table: SyncedTable, rows: pl.DataFrame, is_orphan: pl.Series, bound: datetime) -> Changes:
    """Make the versions of rows that the store has never seen."""
    begin = pl.min_horizontal(pl.coalesce(CREATED_AT, UPDATED_AT, pl.lit(bound)), pl.lit(bound))
    openings = rows.select(
        pl.col(*table.store_schema),
        pl.when(~is_orphan).then(begin).alias(KNOWN_FROM),
        pl.lit(None).alias(KNOWN_UNTIL),
    ).cast(versioned_schema(table))
    return Changes(openings, _no_closings(table), num_inserted=rows.height, num_quarantined=int(is_orphan.sum()))


def diff(
    table: SyncedTable,
    rows: pl.DataFrame,
    is_orphan: pl.Series,
    newest: pl.DataFrame,
    bound: datetime,
    *,
    is_complete: bool,
) -> Changes:
    """Compare rows of the shop with the newest stored version of each.

    Args:
        table: the table that both belong to.
        rows: the shop's rows, at most one a key.
        is_orphan: for each of `rows`, whether a parent of it was never seen.
        newest: the newest version, open or closed, of each key that the store knows among those looked at.
        bound: the instant of the snapshot that `rows` come from.
        is_complete: `rows` are all that the shop has of the keys looked at, so an open version without a row is gone.

    Returns:
        The versions to open and to close; both empty when the store is up to date.
    """
    joined = rows.with_columns(is_orphan=is_orphan).join(newest, on=table.key, how="left", suffix=OLD, coalesce=False)
    is_known = pl.col(f"{table.key}{OLD}").is_not_null()
    is_open = is_known & pl.col(KNOWN_UNTIL).is_null()
    was_orphan = is_known & pl.col(KNOWN_FROM).is_null()
    is_equal = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(f"{name}{OLD}")) for name in table.store_schema if name != table.key
    )
    is_recreated = is_open & pl.col(CREATED_AT).ne_missing(pl.col(f"{CREATED_AT}{OLD}"))
    is_later = (pl.col(UPDATED_AT) > pl.col(f"{UPDATED_AT}{OLD}")).fill_null(True)
    is_contradicting = is_recreated | (is_open & ~is_equal & ~is_later)
    num_known, num_recreated, num_contradicting = joined.select(
        is_open.sum(), is_recreated.sum().alias("recreated"), is_contradicting.sum().alias("contradicting")
    ).row(0)
    joined = joined.with_columns(
        is_known=is_known, is_open=is_open, was_orphan=was_orphan, begin=_begin_of_change(bound, is_open)
    ).filter(~(pl.col("is_open") & is_equal & (pl.col("is_orphan") == pl.col("was_orphan"))))

    first = open_first(table, joined, joined["is_orphan"], bound)
    keeps_first = ~joined["is_known"] | joined["is_orphan"]
    openings = first.openings.with_columns(
        pl.when(keeps_first).then(KNOWN_FROM).otherwise(joined["begin"]).alias(KNOWN_FROM)
    )
    ends = joined.filter("is_open").select(
        table.key, pl.when("was_orphan").then(pl.lit(bound)).otherwise("begin").alias(KNOWN_UNTIL)
    )
    gone = (
        newest.clear()
        if not is_complete
        else newest.filter(pl.col(KNOWN_UNTIL).is_null()).join(rows, on=table.key, how="anti")
    )
    end_of_life = pl.max_horizontal(pl.lit(bound), pl.col(KNOWN_FROM) + TICK)
    num_waiting_ended = joined.filter("is_open", "was_orphan").height + gone[KNOWN_FROM].null_count()
    closings = pl.concat([ends, gone.select(table.key, end_of_life.alias(KNOWN_UNTIL))])
    return Changes(
        openings,
        closings.cast(_no_closings(table).schema),
        num_inserted=int((~joined["is_known"]).sum()),
        num_changed=int(joined["is_open"].sum()),
        num_revived=int((joined["is_known"] & ~joined["is_open"]).sum()),
        num_deleted=gone.height,
        num_quarantined=int(joined["is_orphan"].sum()) - num_waiting_ended,
        num_known=num_known,
        num_recreated=num_recreated,
        num_contradicting=num_contradicting,
    )


def follow_each_other(table: SyncedTable, versions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Let the versions of each key follow one another, as a sound table has them anyway.

    Of two that begin at the same instant, the one that ends stays; and none lasts longer than until the next begins.

    Args:
        table: the table that all belong to.
        versions: all versions of some keys.
        now: when a version ends that has to, and whose next waits for a parent.
    """
    key = table.key
    ordered = versions.sort(key, KNOWN_FROM, KNOWN_UNTIL, nulls_last=[False, False, True])
    ordered = ordered.unique([key, KNOWN_FROM], keep="first", maintain_order=True)
    following = pl.coalesce(pl.col(KNOWN_FROM).shift(-1).over(key), pl.lit(now))
    is_last = pl.col(key).is_last_distinct()
    end = pl.when(is_last).then(KNOWN_UNTIL).otherwise(pl.min_horizontal(KNOWN_UNTIL, following))
    return ordered.with_columns(end.alias(KNOWN_UNTIL))


def _begin_of_change(bound: datetime, is_open: pl.Expr) -> pl.Expr:
    """Say when a known row took on its present content, after the version before it in any case."""
    updated = pl.col(UPDATED_AT)
    is_true = updated.is_not_null() & (updated <= bound) & (updated > pl.col(f"{UPDATED_AT}{OLD}")).fill_null(True)
    reported = pl.when(is_true).then(updated).otherwise(pl.lit(bound))
    floor = pl.when(is_open).then(pl.col(KNOWN_FROM) + TICK).otherwise(pl.col(KNOWN_UNTIL))
    return pl.max_horizontal(reported, floor)


def _no_closings(table: SyncedTable) -> pl.DataFrame:
    return pl.DataFrame(schema={table.key: pl.Int64(), KNOWN_UNTIL: pl.Datetime("us", "UTC")})
