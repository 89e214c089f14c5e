"""Feature definitions: one row a feature, one row a cross. The model's sizes and docs/features.md derive from them.

Entities: `user`; `user_category` (one row per user and category, bought or not); `product`; `pair` (a user and one
candidate product). Every feature as of T reads purchases strictly before T. "decayed" counts weigh an order of age d days
by 0.5 ** (d / half-life). Crosses follow Cheng et al. 2016: products of bucketed raw columns, memorised by the wide part;
id 0 is unknown everywhere.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

Entity = Literal["user", "user_category", "product", "pair"]
CrossedEntity = Literal["user_category", "pair"]
Transform = Literal["identity", "log1p"]
Missing = Literal["zero", "mean", "far"]

# The raw value behind the missing rule "far": longer ago than any window of ours, in days.
FAR_DAYS = 400.0


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about an entity as of an instant.

    Missing rules: `zero` = nothing happened, so 0; `far` = never, so 400 days; `mean` = not known, so the training mean.
    """

    name: str
    entity: Entity
    source: str
    window: str
    unit: str
    transform: Transform
    missing: Missing
    meaning: str


@dataclass(frozen=True, slots=True)
class Cross:
    """Raw columns whose buckets the wide part memorises together. `num_buckets` quantile buckets a column.

    The columns `category_id` and `product_id` are ids, looked up in a vocabulary instead of bucketed.
    """

    name: str
    entity: CrossedEntity
    columns: tuple[str, ...]
    num_buckets: int


# fmt: off
FEATURES: tuple[Feature, ...] = (
    #       name                         entity           source         window        unit        transform   missing
    Feature("user_days_since_order",     "user",          "orders",      "all",        "days",     "log1p",    "far",   "age of the last order"),
    Feature("user_tenure_days",          "user",          "orders",      "all",        "days",     "log1p",    "zero",  "age of the first order"),
    Feature("user_orders",               "user",          "orders",      "all",        "orders",   "log1p",    "zero",  "orders so far"),
    Feature("user_orders_28d",           "user",          "orders",      "28 d",       "orders",   "log1p",    "zero",  "orders lately"),
    Feature("user_order_interval_days",  "user",          "orders",      "all",        "days",     "log1p",    "mean",  "mean days between orders"),
    Feature("user_order_due",            "user",          "orders",      "all",        "ratio",    "log1p",    "mean",  "days since the last order / usual interval"),
    Feature("user_order_trend",          "user",          "orders",      "91 d",       "ratio",    "log1p",    "mean",  "orders of 28 days against those of 91"),
    Feature("user_basket_products",      "user",          "order_items", "all",        "products", "log1p",    "mean",  "mean products in an order"),
    Feature("user_basket_value",         "user",          "order_items", "all",        "money",    "log1p",    "mean",  "mean value of an order"),
    Feature("user_spend_28d",            "user",          "order_items", "28 d",       "money",    "log1p",    "zero",  "spent lately"),
    Feature("user_products",             "user",          "order_items", "all",        "products", "log1p",    "zero",  "distinct products so far"),
    Feature("user_repeat_share",         "user",          "order_items", "all",        "share",    "identity", "mean",  "lines that repeat an earlier product"),
    Feature("user_price_level",          "user",          "order_items", "all",        "log ratio", "identity", "mean", "prices paid against the category's mean"),
    Feature("user_discount_share",       "user",          "order_items", "all",        "share",    "identity", "mean",  "discount / value before discount"),
    Feature("user_coupons_used",         "user",          "user_coupons", "all",       "coupons",  "log1p",    "zero",  "coupons redeemed"),
    Feature("user_brand_focus",          "user",          "order_items", "all",        "share",    "identity", "mean",  "lines of the user's main brand"),
    Feature("user_weekend_share",        "user",          "orders",      "all",        "share",    "identity", "mean",  "orders on Saturday or Sunday, UTC"),
    Feature("user_evening_share",        "user",          "orders",      "all",        "share",    "identity", "mean",  "orders from 17:00 to 24:00, UTC"),

    Feature("category_orders",           "user_category", "order_items", "all",        "orders",   "log1p",    "zero",  "orders with the category"),
    Feature("category_orders_28d",       "user_category", "order_items", "28 d",       "orders",   "log1p",    "zero",  "the same, lately"),
    Feature("category_decayed_28d",      "user_category", "order_items", "half 28 d",  "orders",   "log1p",    "zero",  "decayed orders with the category"),
    Feature("category_decayed_112d",     "user_category", "order_items", "half 112 d", "orders",   "log1p",    "zero",  "decayed orders with the category"),
    Feature("category_order_share",      "user_category", "order_items", "all",        "share",    "identity", "zero",  "the user's orders that hold the category"),
    Feature("category_line_share",       "user_category", "order_items", "all",        "share",    "identity", "zero",  "the user's lines in the category"),
    Feature("category_spend_share",      "user_category", "order_items", "all",        "share",    "identity", "zero",  "the user's money in the category"),
    Feature("category_days_since",       "user_category", "order_items", "all",        "days",     "log1p",    "far",   "age of the last purchase in it"),
    Feature("category_interval_days",    "user_category", "order_items", "all",        "days",     "log1p",    "mean",  "mean days between purchases in it"),
    Feature("category_due",              "user_category", "order_items", "all",        "ratio",    "log1p",    "mean",  "days since / interval"),
    Feature("category_reach_28d",        "user_category", "order_items", "28 d",       "share",    "identity", "zero",  "active users who bought from it lately"),

    Feature("product_orders_7d",         "product",       "order_items", "7 d",        "orders",   "log1p",    "zero",  "popularity this week"),
    Feature("product_orders_28d",        "product",       "order_items", "28 d",       "orders",   "log1p",    "zero",  "popularity this month"),
    Feature("product_orders_91d",        "product",       "order_items", "91 d",       "orders",   "log1p",    "zero",  "popularity this quarter"),
    Feature("product_trend",             "product",       "order_items", "56 d",       "log ratio", "identity", "zero", "orders of 28 days against the 28 before"),
    Feature("product_buyers_7d",         "product",       "order_items", "7 d",        "users",    "log1p",    "zero",  "distinct buyers this week"),
    Feature("product_buyers_28d",        "product",       "order_items", "28 d",       "users",    "log1p",    "zero",  "distinct buyers this month"),
    Feature("product_buyers",            "product",       "order_items", "all",        "users",    "log1p",    "zero",  "distinct buyers so far"),
    Feature("product_new_buyers_7d",     "product",       "order_items", "7 d",        "users",    "log1p",    "zero",  "buyers who took it for the first time this week"),
    Feature("product_new_buyers_28d",    "product",       "order_items", "28 d",       "users",    "log1p",    "zero",  "the same, this month"),
    Feature("product_new_share",         "product",       "order_items", "91 d",       "share",    "identity", "mean",  "orders of it that were the buyer's first of it"),
    Feature("product_type_new_share",    "product",       "order_items", "91 d",       "share",    "identity", "mean",  "the same, of all products of its type"),
    Feature("product_repeat_rate",       "product",       "order_items", "all",        "share",    "identity", "zero",  "buyers who came back for it (shrunk)"),
    Feature("product_interval_days",     "product",       "order_items", "all",        "days",     "log1p",    "mean",  "usual days between purchases of a buyer"),
    Feature("product_price",             "product",       "order_items", "91 d",       "money",    "log1p",    "mean",  "mean price paid"),
    Feature("product_price_level",       "product",       "order_items", "all",        "log ratio", "identity", "mean", "price against the category's mean"),
    Feature("product_discount_7d",       "product",       "order_items", "7 d",        "share",    "identity", "mean",  "discount / value before discount, this week"),
    Feature("product_discount_28d",      "product",       "order_items", "28 d",       "share",    "identity", "mean",  "the same, this month"),
    Feature("product_age_days",          "product",       "order_items", "all",        "days",     "log1p",    "zero",  "days since its first sale"),
    Feature("product_days_since_sale",   "product",       "order_items", "all",        "days",     "log1p",    "far",   "days since its last sale"),
    Feature("product_type_share",        "product",       "order_items", "half 28 d",  "share",    "identity", "zero",  "share of its product type's sales"),

    Feature("pair_orders",               "pair",          "order_items", "all",        "orders",   "log1p",    "zero",  "times the user bought it"),
    Feature("pair_orders_28d",           "pair",          "order_items", "28 d",       "orders",   "log1p",    "zero",  "the same, lately"),
    Feature("pair_orders_91d",           "pair",          "order_items", "91 d",       "orders",   "log1p",    "zero",  "the same, this quarter"),
    Feature("pair_quantity",             "pair",          "order_items", "all",        "pieces",   "log1p",    "zero",  "pieces bought"),
    Feature("pair_decayed_7d",           "pair",          "order_items", "half 7 d",   "orders",   "log1p",    "zero",  "decayed times bought"),
    Feature("pair_decayed_28d",          "pair",          "order_items", "half 28 d",  "orders",   "log1p",    "zero",  "decayed times bought"),
    Feature("pair_decayed_112d",         "pair",          "order_items", "half 112 d", "orders",   "log1p",    "zero",  "decayed times bought"),
    Feature("pair_order_share",          "pair",          "order_items", "all",        "share",    "identity", "zero",  "the user's orders since the first purchase that hold it"),
    Feature("pair_days_since",           "pair",          "order_items", "all",        "days",     "log1p",    "far",   "age of the last purchase of it"),
    Feature("pair_orders_since",         "pair",          "orders",      "all",        "orders",   "log1p",    "mean",  "the user's orders since it was last bought"),
    Feature("pair_interval_days",        "pair",          "order_items", "all",        "days",     "log1p",    "mean",  "mean days between the user's purchases of it"),
    Feature("pair_due",                  "pair",          "order_items", "all",        "ratio",    "log1p",    "mean",  "days since / the pair's interval, else the product's"),
    Feature("pair_discount_share",       "pair",          "order_items", "all",        "share",    "identity", "mean",  "discount / value before discount, of the user's purchases of it"),
    Feature("pair_together",             "pair",          "order_items", "half 112 d", "score",    "identity", "zero",  "EASE score from what the user bought (Steck 2019)"),
    Feature("pair_together_28d",         "pair",          "order_items", "half 28 d",  "score",    "identity", "zero",  "the same, from what was bought lately"),
    Feature("pair_type_decayed",         "pair",          "order_items", "half 112 d", "orders",   "log1p",    "zero",  "decayed purchases of the same product type"),
    Feature("pair_type_share",           "pair",          "order_items", "half 112 d", "share",    "identity", "zero",  "share of the user's purchases in the product type"),
    Feature("pair_brand_decayed",        "pair",          "order_items", "half 112 d", "orders",   "log1p",    "zero",  "decayed purchases of the same brand"),
    Feature("pair_type_brand_decayed",   "pair",          "order_items", "half 112 d", "orders",   "log1p",    "zero",  "decayed purchases of the same brand within its type"),
    Feature("pair_type_days_since",      "pair",          "order_items", "all",        "days",     "log1p",    "far",   "age of the last purchase of the product type"),
    Feature("pair_type_products",        "pair",          "order_items", "all",        "products", "log1p",    "zero",  "distinct products of its type that the user bought"),
    Feature("pair_type_variety",         "pair",          "order_items", "all",        "share",    "identity", "mean",  "those / the user's purchases of the type"),
    Feature("pair_type_loyalty",         "pair",          "order_items", "half 112 d", "share",    "identity", "zero",  "share of it in the user's purchases of its type"),
    Feature("pair_alike",                "pair",          "order_items", "half 28 d",  "log score", "identity", "mean", "how much the user buys alike with its recent buyers, summed"),
    Feature("pair_alike_mean",           "pair",          "order_items", "half 28 d",  "cosine",   "identity", "zero",  "the same, a recent buyer"),
    Feature("pair_type_price_gap",       "pair",          "order_items", "half 112 d", "log ratio", "identity", "mean", "the product's price against those of its type that the user buys"),
    Feature("pair_price_gap",            "pair",          "order_items", "all",        "log ratio", "identity", "mean", "the product's price level less the user's"),
)

CROSSES: tuple[Cross, ...] = (
    #     name                           entity           columns                                          buckets
    Cross("category",                    "user_category", ("category_id",),                                       0),
    Cross("category_x_recency",          "user_category", ("category_id", "category_days_since"),                10),
    Cross("category_x_frequency",        "user_category", ("category_id", "category_decayed_112d"),              10),
    Cross("recency_x_due",               "user_category", ("category_days_since", "category_due"),               10),
    Cross("frequency_x_lately",          "user_category", ("category_decayed_112d", "category_decayed_28d"),     10),

    Cross("category_x_times_bought",     "pair",          ("category_id", "pair_orders"),                         6),
    Cross("times_bought_x_due",          "pair",          ("pair_orders", "pair_due"),                           10),
    Cross("recency_x_interval",          "pair",          ("pair_days_since", "pair_interval_days"),             10),
    Cross("habit_x_repeat_rate",         "pair",          ("pair_decayed_112d", "product_repeat_rate"),          10),
    Cross("habit_x_discount",            "pair",          ("pair_decayed_28d", "product_discount_28d"),           8),
    Cross("together_x_popularity",       "pair",          ("pair_together", "product_orders_28d"),               10),
    Cross("type_x_rank",                 "pair",          ("pair_type_share", "product_type_share"),             10),
    Cross("brand_x_price_gap",           "pair",          ("pair_brand_decayed", "pair_price_gap"),               8),
)
# fmt: on

# Pair features that come from the user's own purchases of the product; the rest are computed for candidates.
HISTORY_FEATURES = [
    "pair_orders", "pair_orders_28d", "pair_orders_91d", "pair_quantity", "pair_decayed_7d", "pair_decayed_28d",
    "pair_decayed_112d", "pair_order_share", "pair_days_since", "pair_orders_since", "pair_interval_days", "pair_due",
    "pair_discount_share",
]  # fmt: skip


def list_features(entity: Entity) -> tuple[Feature, ...]:
    """Return the features of one entity, in the order in which they stand in every array."""
    return tuple(feature for feature in FEATURES if feature.entity == entity)


def list_names(entity: Entity) -> list[str]:
    """Return the column names of one entity, in the order of every array."""
    return [feature.name for feature in list_features(entity)]


def list_crosses(entity: CrossedEntity) -> tuple[Cross, ...]:
    """Return the crosses of one entity, in the order in which their ids stand in every array."""
    return tuple(cross for cross in CROSSES if cross.entity == entity)


def hash_definitions() -> str:
    """Hash the table above: a model and a snapshot fit together only when both carry the same hash."""
    rows = [*map(asdict, FEATURES), *map(asdict, CROSSES)]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
