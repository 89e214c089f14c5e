"""Canonical tables that every loader hands over, column by column. docs/loading.md is generated from here.

The columns are those of `shop.tables`. What a column says is enforced by `shop.loaders.validation`; what fills a
column that was left out is in `shop.loaders.completion`.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from shop.money import DIGITS, MOST_DECIMALS
from shop.tables import DISCOUNT_TYPES, EVENT_TYPES, ORDER_STATUSES

Kind = Literal["id", "integer", "stock", "pieces", "money", "number", "boolean", "instant", "text"]

DTYPES: dict[Kind, pl.DataType] = {
    "id": pl.Int64(),
    "integer": pl.Int64(),
    "stock": pl.Int64(),
    "pieces": pl.Int64(),
    "money": pl.Decimal(DIGITS, MOST_DECIMALS),
    "number": pl.Decimal(DIGITS, MOST_DECIMALS),
    "boolean": pl.Boolean(),
    "instant": pl.Datetime("us", "UTC"),
    "text": pl.String(),
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes:
        kind: how values are read; see docs/loading.md.
        default: what stands in a column that is left out, in words; None = the column is required.
        nullable: single values may be missing, and stay so.
        references: the "table.column" whose values are allowed.
        minimum: smallest number allowed.
        maximum: largest number allowed.
        max_length: most characters allowed.
        choices: the words allowed.
    """

    name: str
    kind: Kind
    default: str | None = None
    nullable: bool = False
    references: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether a file without this column is refused."""
        return self.default is None


@dataclass(frozen=True)
class Table:
    """One canonical table; the first column is its key."""

    name: str
    columns: tuple[Column, ...]
    is_required: bool = False

    @property
    def key(self) -> str:
        """The name of the column that tells rows apart."""
        return self.columns[0].name

    @property
    def column_names(self) -> list[str]:
        """All columns in the order of the table."""
        return [column.name for column in self.columns]

    def schema(self) -> pl.Schema:
        """The types of a validated frame."""
        return pl.Schema({column.name: DTYPES[column.kind] for column in self.columns})


INT32_MAX = 2**31 - 1


def _key(name: str) -> Column:
    return Column(name, "id", minimum=0)


def _generated_key(name: str) -> Column:
    return Column(name, "id", default="1, 2, 3 ... in the order of the rows", minimum=0)


def _stamps(created: str) -> tuple[Column, Column]:
    return (
        Column("created_at", "instant", default=created),
        Column("updated_at", "instant", default="`created_at`"),
    )


START_OF_DATA = "the first order of all (without orders: 2000-01-01)"

TABLES: tuple[Table, ...] = (
    Table(
        "users",
        (
            _key("user_id"),
            Column("nickname", "text", default="`user` and the id", max_length=100),
            *_stamps(f"the user's first order, else {START_OF_DATA}"),
        ),
        is_required=True,
    ),
    Table(
        "categories",
        (
            _key("category_id"),
            Column("name", "text", default="`Category` and the id", max_length=200),
            Column("position", "integer", default="the place by name", minimum=0, maximum=INT32_MAX),
            *_stamps(START_OF_DATA),
        ),
    ),
    Table(
        "products",
        (
            _key("product_id"),
            Column(
                "category_id",
                "id",
                default="a category `Everything`, made for them",
                references="categories.category_id",
            ),
            Column("title", "text", default="type, size and brand, else `Product` and the id", max_length=500),
            Column("brand", "text", default="none", nullable=True, max_length=200),
            Column("product_type", "text", default="none", nullable=True, max_length=200),
            Column("size", "text", default="none", nullable=True, max_length=100),
            Column("price", "money", default="median of the last 20 unit prices paid, else 0", minimum=0),
            Column("stock", "stock", default="100", maximum=INT32_MAX),
            Column("is_visible", "boolean", default="true"),
            Column("description", "text", default="none", nullable=True),
            Column("family_id", "id", default="none: no variants", nullable=True, minimum=0),
            Column("regular_price", "money", default="none: not reduced", nullable=True, minimum=0),
            *_stamps(f"the product's first order, else {START_OF_DATA}"),
        ),
        is_required=True,
    ),
    Table(
        "product_categories",
        (
            _generated_key("product_category_id"),
            Column("product_id", "id", references="products.product_id"),
            Column("category_id", "id", references="categories.category_id"),
            *_stamps("the product's `created_at`"),
        ),
    ),
    Table(
        "product_images",
        (
            _generated_key("image_id"),
            Column("product_id", "id", references="products.product_id"),
            Column("image_url", "text", max_length=500),
            Column("position", "integer", default="0, 1, 2 ... per product", minimum=0, maximum=INT32_MAX),
            *_stamps("the product's `created_at`"),
        ),
    ),
    Table(
        "product_reviews",
        (
            _generated_key("review_id"),
            Column("product_id", "id", references="products.product_id"),
            Column("user_id", "id", references="users.user_id"),
            Column("rating", "integer", minimum=1, maximum=5),
            Column("body", "text", default="none", nullable=True),
            *_stamps("the user's last order of the product, else the later `created_at` of user and product"),
        ),
    ),
    Table(
        "orders",
        (
            _key("order_id"),
            Column("user_id", "id", nullable=True, references="users.user_id"),
            Column("status", "text", default="`delivered`", choices=ORDER_STATUSES),
            Column("ordered_at", "instant"),
            Column("total_amount", "money", default="sum of quantity x unit_price of its items, at least 0", minimum=0),
            *_stamps("`ordered_at`"),
        ),
        is_required=True,
    ),
    Table(
        "order_items",
        (
            _generated_key("order_item_id"),
            Column("order_id", "id", references="orders.order_id"),
            Column("product_id", "id", references="products.product_id"),
            Column("quantity", "pieces", default="1", minimum=-INT32_MAX, maximum=INT32_MAX),
            Column("unit_price", "money", default="the product's price where products has one, else 0", minimum=0),
            Column("discount_amount", "money", default="0", minimum=0),
            *_stamps("the order's `ordered_at`"),
        ),
        is_required=True,
    ),
    Table(
        "coupons",
        (
            _key("coupon_id"),
            Column("code", "text", default="`COUPON-` and the id", max_length=64),
            Column("name", "text", default="the code", max_length=200),
            Column("discount_type", "text", choices=DISCOUNT_TYPES),
            Column("discount_value", "number", minimum=0),
            Column("valid_from", "instant"),
            Column("valid_until", "instant"),
            Column("product_id", "id", default="none: any product", nullable=True, references="products.product_id"),
            Column(
                "category_id", "id", default="none: any category", nullable=True, references="categories.category_id"
            ),
            *_stamps("`valid_from`"),
        ),
    ),
    Table(
        "user_coupons",
        (
            _generated_key("user_coupon_id"),
            Column("user_id", "id", references="users.user_id"),
            Column("coupon_id", "id", references="coupons.coupon_id"),
            Column("issued_at", "instant", default="the coupon's `valid_from`"),
            Column("used_at", "instant", default="none: not used", nullable=True),
            Column("order_id", "id", default="none", nullable=True, references="orders.order_id"),
            Column("created_at", "instant", default="`issued_at`"),
            Column("updated_at", "instant", default="`used_at`, else `created_at`"),
        ),
    ),
    Table(
        "events",
        (
            _generated_key("event_id"),
            Column("event_key", "text", default="`event-` and the id", max_length=100),
            Column("user_id", "id", default="none", nullable=True, minimum=0),
            Column("event_type", "text", choices=EVENT_TYPES),
            Column("product_id", "id", minimum=0),
            Column("request_id", "text", default="`event-` and the id", max_length=64),
            Column("position", "integer", default="none", nullable=True, minimum=0, maximum=INT32_MAX),
            Column("batch_id", "text", default="none", nullable=True, max_length=64),
            Column("model_version", "text", default="none", nullable=True, max_length=32),
            Column("rung", "text", default="none", nullable=True, max_length=100),
            Column("arm", "text", default="none", nullable=True, max_length=64),
            Column("shelf", "text", default="none", nullable=True, max_length=32),
            Column("place", "integer", default="none", nullable=True, minimum=0, maximum=INT32_MAX),
            Column("propensity", "number", default="none", nullable=True, minimum=0, maximum=1),
            Column("occurred_at", "instant"),
            *_stamps("`occurred_at`"),
        ),
    ),
)

TABLE_BY_NAME = {table.name: table for table in TABLES}
