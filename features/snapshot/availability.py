"""Availability of products over time: when each was visible, and when it could be sold, from the rows' history.

What could be shown as of an instant is ranked; what was bought while it was hidden (bags, postage, deposits) is no
purchase. The first version of a row reaches back for ever, since nothing is known of the time before the first sync;
but a product that is hidden or sold out in it, and was not sold for RETIRED_AFTER, was on sale until its last sale.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from features.store import KNOWN_FROM, KNOWN_UNTIL, MLStore

RETIRED_AFTER = timedelta(days=28)
_ALWAYS = datetime.min.replace(tzinfo=UTC)


def load_availability(
    store: MLStore, as_of: datetime, versions: Mapping[str, int] | None, last_sales: pl.DataFrame
) -> pl.DataFrame:
    """Read when each product was hidden, sold out, or gone, up to an instant.

    Args:
        store: the ML store.
        as_of: later versions of the rows are not looked at.
        versions: table versions to read; the newest if it is None.
        last_sales: product_id, last_sale: when it was last bought before the instant, hidden or not.

    Returns:
        product_id, since, is_visible, is_sellable (visible and in stock): one row a change, sorted by `since`; the
        first of each product reaches back for ever.
    """
    rows = store.scan("products", None if versions is None else versions["products"])
    lives = (
        rows.filter(pl.col(KNOWN_FROM) < as_of)
        .select("product_id", KNOWN_FROM, KNOWN_UNTIL, "is_visible", is_in_stock=pl.col("stock") > 0)
        .select(pl.exclude("is_in_stock"), is_sellable=pl.col("is_visible") & pl.col("is_in_stock"))
        .collect()
    )
    begins = lives.select("product_id", "is_visible", "is_sellable", since=KNOWN_FROM)
    ends = lives.filter(pl.col(KNOWN_UNTIL) < as_of).select(
        "product_id", is_visible=pl.lit(False), is_sellable=pl.lit(False), since=KNOWN_UNTIL
    )
    # a version that begins where another ends has the last word
    changes = pl.concat([ends, begins]).sort("product_id", "since", maintain_order=True)
    changes = changes.filter(_differs(("product_id", "since"), -1))
    is_first = _differs(("product_id",), 1)
    changes = changes.with_columns(since=pl.when(is_first).then(pl.lit(_ALWAYS)).otherwise("since"))
    changes = _date_retirements(changes, last_sales, as_of).sort("product_id", "since")
    changes = changes.filter(_differs(("product_id", "is_visible", "is_sellable"), 1))
    return changes.select("product_id", "since", "is_visible", "is_sellable").sort("since")


def _differs(columns: Sequence[str], distance: int) -> pl.Expr:
    """Tell whether a row differs from the one so far before it in any of the columns; the first does, or the last."""
    return pl.any_horizontal(pl.col(each).ne_missing(pl.col(each).shift(distance)) for each in columns)


def _date_retirements(changes: pl.DataFrame, last_sales: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Let what was retired before the first sync have been on sale until its last sale."""
    until = pl.when(~_differs(("product_id",), -1)).then(pl.col("since").shift(-1)).otherwise(as_of)
    retired = (
        changes.with_columns(until=until)
        .filter(~pl.col("is_sellable"), pl.col("since") == _ALWAYS)
        .join(last_sales.filter(pl.col("last_sale") < as_of - RETIRED_AFTER), on="product_id")
        .filter(pl.col("last_sale") <= pl.col("until"))
        .select("product_id", "last_sale")
    )
    if retired.is_empty():
        return changes
    changes = changes.join(retired, on="product_id", how="left")
    is_retirement = (pl.col("since") == _ALWAYS) & pl.col("last_sale").is_not_null()
    dated = changes.with_columns(since=pl.when(is_retirement).then("last_sale").otherwise("since")).drop("last_sale")
    on_sale = retired.select(
        "product_id",
        is_visible=pl.lit(True),
        is_sellable=pl.lit(True),
        since=pl.lit(_ALWAYS).cast(pl.Datetime("us", "UTC")),
    )
    return pl.concat([dated.select(on_sale.columns), on_sale])


def list_hidden(availability: pl.DataFrame) -> pl.DataFrame:
    """List the products that were hidden at some time: product_id."""
    return availability.filter(~pl.col("is_visible")).select("product_id").unique()


def drop_hidden(lines: pl.DataFrame, availability: pl.DataFrame) -> pl.DataFrame:
    """Leave out what was bought while it was hidden; the order of the rows is lost."""
    hidden = list_hidden(availability)
    if hidden.is_empty():
        return lines
    suspects = _look_up(lines.join(hidden, on="product_id", how="semi"), "ordered_at", availability)
    seen = suspects.filter("is_visible").select(lines.columns)
    return pl.concat([lines.join(hidden, on="product_id", how="anti"), seen])


def mark_sellable(products: pl.DataFrame, availability: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Say of each product whether it is sellable as of an instant: the column is_sellable, added or replaced."""
    at = products.select("product_id", at=pl.lit(as_of, pl.Datetime("us", "UTC")))
    states = _look_up(at, "at", availability).select("product_id", "is_sellable")
    return products.drop("is_sellable", strict=False).join(states, on="product_id", how="left", maintain_order="left")


def _look_up(rows: pl.DataFrame, instant: str, availability: pl.DataFrame) -> pl.DataFrame:
    """Add is_visible and is_sellable of each row's product, as they were just before the row's instant."""
    return rows.sort(instant).join_asof(
        availability,
        left_on=instant,
        right_on="since",
        by="product_id",
        allow_exact_matches=False,
        check_sortedness=False,  # it cannot be checked group by group; both sides are sorted
    )
