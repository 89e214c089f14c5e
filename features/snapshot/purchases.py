"""Purchases before an instant: the one frame that every feature is computed from.

Cancelled orders, lines whose product or user is not known as of the instant, and what was bought while it was hidden
(features/snapshot/availability.py) are left out here and nowhere else. Orders of guests, which name no user, stand
apart: they teach what sells and what goes together, and nothing about a shopper. What came back was not bought: a line
below zero takes back the latest pieces that the user bought of the product before it. Nor was a gift, from when the
shopper said so (features/snapshot/choices.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from features.snapshot.availability import drop_hidden, load_availability, mark_sellable
from features.snapshot.choices import EXCLUSION_SCHEMA, load_exclusions, load_gifts, name_type
from features.snapshot.groups import sort_keys
from features.snapshot.lines import (
    find_last_sales,
    lie_below,
    number_baskets,
    place_orders,
    scan_coupons,
    scan_lines,
    scan_users,
)
from features.snapshot.packing import pack
from features.snapshot.returns import take_back
from features.store import MLStore

# The storefront shows a product without a category under none; for the model it is one category of its own.
NO_CATEGORY = 0

BoughtItem = Literal["product_id", "category_id"]


@dataclass(frozen=True)
class Purchases:
    """The shop as known just before `as_of`.

    Attributes:
        as_of: the instant; every purchase lies strictly before it.
        user_ids: one row a user: user_id, sorted.
        products: product_id (sorted), category_id, type_code, brand_code (dense codes, valid in this frame only),
            is_sellable (visible and in stock as of the instant); those that are visible, or that were bought.
        lines: one row per order and product that was kept, sorted by user, time, order, product: user_id,
            product_id,
            order_id, category_id, type_code, brand_code, ordered_at, days (age at as_of), quantity, value (money paid),
            discount (money).
        guest_lines: the same of orders without a user; user_id is one of the basket's own, below all in `user_ids`.
        coupons_used: user_id, used_at; one row a redemption.
        availability: product_id, since (sorted), is_visible, is_sellable; one row a change, the first of each product
            reaching back for ever.
        ledger: `lines` and `guest_lines` before returns were taken back and gifts left out, the returns themselves
            with a quantity below zero, gifts with gift_at; None if there are neither.
        exclusions: what a user does not want listed: user_id, product_id or type_code, made_at.
    """

    as_of: datetime
    user_ids: pl.DataFrame
    products: pl.DataFrame
    lines: pl.DataFrame
    guest_lines: pl.DataFrame
    coupons_used: pl.DataFrame
    availability: pl.DataFrame
    ledger: pl.DataFrame | None = None
    exclusions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXCLUSION_SCHEMA))

    @property
    def all_lines(self) -> pl.DataFrame:
        """The lines of shoppers and of guests, each guest's basket under a user_id of its own."""
        return pl.concat([self.lines, self.guest_lines])

    def keep_shoppers(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Leave out rows of guests' baskets, whose user_id lies below every shopper's."""
        return rows.filter(~_is_of_guest(self.user_ids))

    def before(self, as_of: datetime) -> "Purchases":
        """Go back to an earlier instant, with the users and products that had appeared by then in a purchase.

        Training reads its past windows this way: one pass over the store, then filters in memory.
        """
        everything = self.all_lines if self.ledger is None else self.ledger
        lines, guest_lines, ledger = _settle(
            everything.filter(pl.col("ordered_at") < as_of).with_columns(days=_age_days(as_of)), self.user_ids, as_of
        )
        bought = pl.concat([lines["product_id"], guest_lines["product_id"]]).unique()
        products = self.products.filter(pl.col("product_id").is_in(bought.implode()))
        return Purchases(
            as_of=as_of,
            user_ids=self.user_ids.join(lines.select("user_id").unique(), on="user_id", how="semi"),
            products=mark_sellable(products, self.availability, as_of),
            lines=lines,
            guest_lines=guest_lines,
            coupons_used=self.coupons_used.filter(pl.col("used_at") < as_of),
            availability=self.availability,
            ledger=ledger,
            exclusions=self.exclusions.filter(pl.col("made_at") < as_of),
        )

    def within(self, start: datetime, end: datetime, item: BoughtItem = "product_id") -> pl.DataFrame:
        """Return the purchases in a window [start, end).

        Args:
            start: from this instant on.
            end: before this one.
            item: whether products or categories are counted.

        Returns:
            user_id and the item, each pair once and sorted; num_orders, the user's orders in the window that hold it;
            is_first_order, whether the first of them does.
        """
        inside = self.lines.filter((pl.col("ordered_at") >= start) & (pl.col("ordered_at") < end))
        bought = inside.group_by("user_id", item).agg(
            pl.col("ordered_at").min(), num_orders=pl.col("order_id").n_unique()
        )
        first = pl.col("ordered_at") == pl.col("ordered_at").min().over("user_id")
        return bought.with_columns(is_first_order=first).drop("ordered_at").sort("user_id", item)


def load_purchases(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None = None) -> Purchases:
    """Read the shop as it was known just before an instant.

    Args:
        store: the ML store.
        as_of: timezone-aware; orders placed at this very instant belong to the future.
        versions: table versions to read, for reproduction; the newest if it is None.

    Raises:
        StoreError: the shop was never synced, or the store cannot be read.
    """
    with store.explained("users", "products", "orders", "order_items"):
        return _read_purchases(store, as_of, versions)


def _read_purchases(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> Purchases:
    users = scan_users(store, as_of, versions).collect()
    is_known = pl.col("user_id").is_null() | pl.col("user_id").is_in(users["user_id"].implode())
    lines = scan_lines(store, as_of, versions).filter(is_known).collect()
    lines = number_baskets(lines, lie_below(users["user_id"]))
    last_sales = find_last_sales(lines)
    availability = load_availability(store, as_of, versions, last_sales.drop_nulls())
    seen = drop_hidden(lines, availability)
    bought = last_sales["product_id"] if seen is lines else seen["product_id"].unique()
    facts = load_product_facts(store, as_of, versions, availability, bought)
    lines = seen
    coupons = scan_coupons(store, as_of, versions).collect()
    return settle_purchases(facts, users, finish_lines(facts, lines), coupons)


@dataclass(frozen=True)
class ProductFacts:
    """What the purchases of all users share.

    Attributes:
        as_of: the instant.
        products, availability, exclusions: as `Purchases` has them, of all users.
        gifts: order_id, product_id, gift_at.
    """

    as_of: datetime
    products: pl.DataFrame
    availability: pl.DataFrame
    exclusions: pl.DataFrame
    gifts: pl.DataFrame


def load_product_facts(
    store: MLStore,
    as_of: datetime,
    versions: Mapping[str, int] | None,
    availability: pl.DataFrame,
    bought: pl.Series,
) -> ProductFacts:
    """Read the products, and what users said of them.

    Args:
        store: the ML store.
        as_of: the instant.
        versions: table versions to read; the newest if it is None.
        availability: as `load_availability` gives it.
        bought: ids of the products that anybody bought while they were visible.
    """
    products = _load_products(store, as_of, versions, availability, bought)
    exclusions = load_exclusions(store, as_of, versions, products.select("product_type", "type_code"))
    gifts = load_gifts(store, as_of, versions)
    return ProductFacts(as_of, products.drop("product_type"), availability, exclusions, gifts)


def finish_lines(facts: ProductFacts, lines: pl.DataFrame) -> pl.DataFrame:
    """Merge repeats of a product within an order, and say what each product is and since when a line is a gift.

    Args:
        facts: what all users share.
        lines: as `number_baskets` gives them, of some users and of guests, nothing that was hidden.

    Returns:
        As the `ledger` of `Purchases`; gift_at is there where anything is a gift.
    """
    return _mark_gifts(_finish_lines(lines, facts.products, facts.as_of), facts.gifts)


def settle_purchases(
    facts: ProductFacts, users: pl.DataFrame, ledger: pl.DataFrame, coupons_used: pl.DataFrame
) -> Purchases:
    """Make the purchases of some users, or of all, from the lines of their orders.

    Args:
        facts: what all users share.
        users: user_id, sorted.
        ledger: as `finish_lines` gives it, of these users and of guests.
        coupons_used: of these users.
    """
    kept, guest_lines, unsettled = _settle(ledger, users, facts.as_of)
    return Purchases(
        as_of=facts.as_of,
        user_ids=users,
        products=facts.products,
        lines=kept,
        guest_lines=guest_lines,
        coupons_used=coupons_used,
        availability=facts.availability,
        ledger=unsettled,
        exclusions=facts.exclusions,
    )


def _mark_gifts(ledger: pl.DataFrame, gifts: pl.DataFrame) -> pl.DataFrame:
    """Say of each line that was a gift since when that is known; nothing is added where there are none."""
    if gifts.is_empty():
        return ledger
    return ledger.join(gifts, on=["order_id", "product_id"], how="left", maintain_order="left")


def _settle(
    ledger: pl.DataFrame, user_ids: pl.DataFrame, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    """Take back what came back, leave out gifts, and part the shoppers' lines from the guests'.

    Returns:
        The shoppers' lines, the guests', and the ledger, which is None if there was nothing to settle.
    """
    has_returns, has_gifts = (ledger["quantity"] <= 0).any(), "gift_at" in ledger.columns
    lines = take_back(ledger) if has_returns else ledger
    if has_gifts:
        lines = lines.filter(pl.col("gift_at").is_null() | (pl.col("gift_at") >= as_of)).drop("gift_at")
    of_guests = _is_of_guest(user_ids)
    return lines.filter(~of_guests), lines.filter(of_guests), ledger if has_returns or has_gifts else None


def _is_of_guest(user_ids: pl.DataFrame) -> pl.Expr:
    return pl.col("user_id") < lie_below(user_ids["user_id"])


def _finish_lines(lines: pl.DataFrame, products: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Merge repeats of a product within an order and add what the product is."""
    lines = lines.select("user_id", "ordered_at", "order_id", "product_id", "quantity", "value", "discount").rechunk()
    places = lines.select("product_id", place=place_orders(lines))
    order, in_order = sort_keys(places.select(pack(places, ["place", "product_id"])).to_series().to_numpy())
    lines = lines[order]
    if (in_order[1:] == in_order[:-1]).any():
        measures = ["quantity", "value", "discount"]
        repeats = lines.with_columns(line=pl.Series(in_order)).sort("line", *measures)
        merged = repeats.group_by("line", maintain_order=True)
        lines = merged.agg(pl.exclude("line", *measures).first(), pl.col(measures).sum()).drop("line")
    known = products.drop("is_sellable")
    return (
        lines.join(known, on="product_id", how="left", maintain_order="left")
        .drop_nulls("type_code")
        .with_columns(days=_age_days(as_of))
    )


def _age_days(as_of: datetime) -> pl.Expr:
    return (pl.lit(as_of) - pl.col("ordered_at")).dt.total_microseconds() / 86_400e6


def _load_products(
    store: MLStore,
    as_of: datetime,
    versions: Mapping[str, int] | None,
    availability: pl.DataFrame,
    bought: pl.Series,
) -> pl.DataFrame:
    """Read the catalogue; a missing product type falls back to the category, a missing brand to none at all."""
    category = pl.col("category_id").fill_null(NO_CATEGORY)
    products = (
        store.as_of("products", as_of, versions)
        .filter(pl.col("is_visible") | pl.col("product_id").is_in(bought.implode()))
        .select(
            "product_id", category_id=category, product_type=name_type(category), brand=pl.col("brand").fill_null("")
        )
        .unique("product_id")
        .sort("product_id")
        .collect()
    )
    coded = products.with_columns(type_code=_encode(products["product_type"]), brand_code=_encode(products["brand"]))
    return mark_sellable(coded.drop("brand"), availability, as_of)


def _encode(names: pl.Series) -> pl.Series:
    """Return the rank of each name, 0 the first of them; names that are equal have one."""
    return names.cast(pl.Enum(names.unique().sort())).to_physical().cast(pl.Int64)
