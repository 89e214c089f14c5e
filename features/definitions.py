"""Feature definitions: one row a feature, one row a cross, one row a kind of evidence.

Entities: `user`; `user_category` (one row per user and category, bought or not); `product`; `pair` (a user and one
candidate product). Every feature as of T reads purchases strictly before T. "decayed" counts weigh an order of age d days
by 0.5 ** (d / half-life). Crosses follow Cheng et al. 2016: products of bucketed raw columns, memorised by the wide part;
id 0 is unknown everywhere. The model's sizes, what a snapshot holds, reasons and docs/how-it-works/features.md derive from the rows.
"""

import hashlib
import json
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Literal

Entity = Literal["user", "user_category", "product", "pair"]
CrossedEntity = Literal["user_category", "pair"]
Aggregate = Literal[
    "count", "first", "last", "interval", "buyers", "new_buyers", "pieces", "spend", "discount_share", "own"
]
Transform = Literal["identity", "log1p"]
Missing = Literal["zero", "mean", "far", "floor"]

# The raw value behind the missing rule "far": longer ago than any window of ours, in days.
FAR_DAYS = 400.0
# Floor of the likeness to a product's recent buyers, in logarithms the raw value behind the missing rule "floor".
ALIKE_FLOOR = 0.05
# EASE scores up to here say nothing.
TOGETHER_FLOOR = 0.01
MISSING_VALUES: dict[Missing, float] = {
    "zero": 0.0,
    "far": FAR_DAYS,
    "floor": math.log(ALIKE_FLOOR),
    "mean": math.nan,
}


class UnfilledFeatureError(ValueError):
    """A feature is declared and nothing computes it, or the other way round."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about an entity as of an instant.

    Attributes:
        name: of the column.
        entity: whose it is.
        source: table of the shop that it is computed from.
        window: `all`, `28 d` = younger than 28 days, or `half 28 d` = all, decayed with a half-life of 28 days.
        aggregate: what is computed over the window, one of features/snapshot/aggregates.py; `own` is an expression under
            the feature's name in the module of its entity.
        unit: of the raw value.
        transform: before the feature is standardised.
        missing: `zero` = nothing happened, so 0; `far` = never, so 400 days; `floor` = nobody, so the lowest likeness;
            `mean` = not known, so the training mean.
        meaning: in words.
        evidence: kinds of evidence that it stands on, of a `pair`; without any of them it says nothing.
    """

    name: str
    entity: Entity
    source: str
    window: str
    aggregate: Aggregate
    unit: str
    transform: Transform
    missing: Missing
    meaning: str
    evidence: tuple[str, ...] = ()

    @property
    def is_decayed(self) -> bool:
        """Whether the window is a half-life."""
        return self.window.startswith("half ")

    @property
    def days(self) -> float:
        """Length or half-life of the window, in days; infinite for all."""
        return math.inf if self.window == "all" else float(self.window.removeprefix("half ").removesuffix(" d"))

    @property
    def is_of_history(self) -> bool:
        """Whether it stands on the user's purchases of the product alone: computed once a snapshot."""
        return self.evidence == (BOUGHT,)

    @property
    def raw_without_evidence(self) -> float:
        """The raw value of a pair that lacks its evidence: NaN where there is no history, and where nothing is known."""
        return math.nan if self.is_of_history or self.missing == "far" else MISSING_VALUES[self.missing]


@dataclass(frozen=True, slots=True)
class Cross:
    """Raw columns whose buckets the wide part memorises together. `num_buckets` quantile buckets a column.

    The columns `category_id` and `product_id` are ids, looked up in a vocabulary instead of bucketed.
    """

    name: str
    entity: CrossedEntity
    columns: tuple[str, ...]
    num_buckets: int


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """One kind of evidence for a product, which a reason can name.

    Attributes:
        name: its code in lists and in the API.
        shown_by: feature of a pair that says whether there is any, namely where it lies above `above`.
        above: see `shown_by`.
        meaning: in words.
    """

    name: str
    shown_by: str
    above: float
    meaning: str


BOUGHT, TOGETHER, TYPE, AUDIENCE = "bought_before", "bought_together", "favourite_type", "similar_shoppers"

# fmt: off
FEATURES: tuple[Feature, ...] = (
    #       name                         entity           source          window        aggregate         unit         transform   missing  meaning, evidence
    Feature("user_days_since_order",     "user",          "orders",       "all",        "last",           "days",      "log1p",    "far",   "age of the last order"),
    Feature("user_tenure_days",          "user",          "orders",       "all",        "first",          "days",      "log1p",    "zero",  "age of the first order"),
    Feature("user_orders",               "user",          "orders",       "all",        "count",          "orders",    "log1p",    "zero",  "orders so far"),
    Feature("user_orders_28d",           "user",          "orders",       "28 d",       "count",          "orders",    "log1p",    "zero",  "orders lately"),
    Feature("user_order_interval_days",  "user",          "orders",       "all",        "interval",       "days",      "log1p",    "mean",  "mean days between orders"),
    Feature("user_order_due",            "user",          "orders",       "all",        "own",            "ratio",     "log1p",    "mean",  "days since the last order / usual interval"),
    Feature("user_order_trend",          "user",          "orders",       "91 d",       "own",            "ratio",     "log1p",    "mean",  "orders of 28 days against those of 91"),
    Feature("user_basket_products",      "user",          "order_items",  "all",        "own",            "products",  "log1p",    "mean",  "mean products in an order"),
    Feature("user_basket_value",         "user",          "order_items",  "all",        "own",            "money",     "log1p",    "mean",  "mean value of an order"),
    Feature("user_spend_28d",            "user",          "order_items",  "28 d",       "spend",          "money",     "log1p",    "zero",  "spent lately"),
    Feature("user_products",             "user",          "order_items",  "all",        "own",            "products",  "log1p",    "zero",  "distinct products so far"),
    Feature("user_repeat_share",         "user",          "order_items",  "all",        "own",            "share",     "identity", "mean",  "lines that repeat an earlier product"),
    Feature("user_price_level",          "user",          "order_items",  "all",        "own",            "log ratio", "identity", "mean",  "prices paid against the category's mean"),
    Feature("user_discount_share",       "user",          "order_items",  "all",        "own",            "share",     "identity", "mean",  "discount / value before discount"),
    Feature("user_coupons_used",         "user",          "user_coupons", "all",        "own",            "coupons",   "log1p",    "zero",  "coupons redeemed"),
    Feature("user_brand_focus",          "user",          "order_items",  "all",        "own",            "share",     "identity", "mean",  "lines of the user's main brand"),
    Feature("user_weekend_share",        "user",          "orders",       "all",        "own",            "share",     "identity", "mean",  "orders on Saturday or Sunday, UTC"),
    Feature("user_evening_share",        "user",          "orders",       "all",        "own",            "share",     "identity", "mean",  "orders from 17:00 to 24:00, UTC"),

    Feature("category_orders",           "user_category", "order_items",  "all",        "count",          "orders",    "log1p",    "zero",  "orders with the category"),
    Feature("category_orders_28d",       "user_category", "order_items",  "28 d",       "count",          "orders",    "log1p",    "zero",  "the same, lately"),
    Feature("category_decayed_28d",      "user_category", "order_items",  "half 28 d",  "count",          "orders",    "log1p",    "zero",  "decayed orders with the category"),
    Feature("category_decayed_112d",     "user_category", "order_items",  "half 112 d", "count",          "orders",    "log1p",    "zero",  "decayed orders with the category"),
    Feature("category_order_share",      "user_category", "order_items",  "all",        "own",            "share",     "identity", "zero",  "the user's orders that hold the category"),
    Feature("category_line_share",       "user_category", "order_items",  "all",        "own",            "share",     "identity", "zero",  "the user's lines in the category"),
    Feature("category_spend_share",      "user_category", "order_items",  "all",        "own",            "share",     "identity", "zero",  "the user's money in the category"),
    Feature("category_days_since",       "user_category", "order_items",  "all",        "last",           "days",      "log1p",    "far",   "age of the last purchase in it"),
    Feature("category_interval_days",    "user_category", "order_items",  "all",        "interval",       "days",      "log1p",    "mean",  "mean days between purchases in it"),
    Feature("category_due",              "user_category", "order_items",  "all",        "own",            "ratio",     "log1p",    "mean",  "days since / interval"),
    Feature("category_reach_28d",        "user_category", "order_items",  "28 d",       "own",            "share",     "identity", "zero",  "active users who bought from it lately"),

    Feature("product_orders_7d",         "product",       "order_items",  "7 d",        "count",          "orders",    "log1p",    "zero",  "popularity this week"),
    Feature("product_orders_28d",        "product",       "order_items",  "28 d",       "count",          "orders",    "log1p",    "zero",  "popularity this month"),
    Feature("product_orders_91d",        "product",       "order_items",  "91 d",       "count",          "orders",    "log1p",    "zero",  "popularity this quarter"),
    Feature("product_trend",             "product",       "order_items",  "56 d",       "own",            "log ratio", "identity", "zero",  "orders of 28 days against the 28 before"),
    Feature("product_buyers_7d",         "product",       "order_items",  "7 d",        "buyers",         "users",     "log1p",    "zero",  "distinct buyers this week"),
    Feature("product_buyers_28d",        "product",       "order_items",  "28 d",       "buyers",         "users",     "log1p",    "zero",  "distinct buyers this month"),
    Feature("product_buyers",            "product",       "order_items",  "all",        "buyers",         "users",     "log1p",    "zero",  "distinct buyers so far"),
    Feature("product_new_buyers_7d",     "product",       "order_items",  "7 d",        "new_buyers",     "users",     "log1p",    "zero",  "buyers who took it for the first time this week"),
    Feature("product_new_buyers_28d",    "product",       "order_items",  "28 d",       "new_buyers",     "users",     "log1p",    "zero",  "the same, this month"),
    Feature("product_new_share",         "product",       "order_items",  "91 d",       "own",            "share",     "identity", "mean",  "orders of it that were the buyer's first of it"),
    Feature("product_type_new_share",    "product",       "order_items",  "91 d",       "own",            "share",     "identity", "mean",  "the same, of all products of its type"),
    Feature("product_repeat_rate",       "product",       "order_items",  "all",        "own",            "share",     "identity", "zero",  "buyers who came back for it (shrunk)"),
    Feature("product_interval_days",     "product",       "order_items",  "all",        "own",            "days",      "log1p",    "mean",  "usual days between purchases of a buyer"),
    Feature("product_price",             "product",       "order_items",  "91 d",       "own",            "money",     "log1p",    "mean",  "mean price paid; of all time where it did not sell in the window"),
    Feature("product_price_level",       "product",       "order_items",  "all",        "own",            "log ratio", "identity", "mean",  "price against the category's mean"),
    Feature("product_discount_7d",       "product",       "order_items",  "7 d",        "discount_share", "share",     "identity", "mean",  "discount / value before discount, this week"),
    Feature("product_discount_28d",      "product",       "order_items",  "28 d",       "discount_share", "share",     "identity", "mean",  "the same, this month"),
    Feature("product_age_days",          "product",       "order_items",  "all",        "first",          "days",      "log1p",    "zero",  "days since its first sale"),
    Feature("product_days_since_sale",   "product",       "order_items",  "all",        "last",           "days",      "log1p",    "far",   "days since its last sale"),
    Feature("product_type_share",        "product",       "order_items",  "half 28 d",  "own",            "share",     "identity", "zero",  "share of its product type's buyers, each counted by the last purchase"),

    Feature("pair_orders",               "pair",          "order_items",  "all",        "count",          "orders",    "log1p",    "zero",  "times the user bought it", (BOUGHT,)),
    Feature("pair_orders_28d",           "pair",          "order_items",  "28 d",       "count",          "orders",    "log1p",    "zero",  "the same, lately", (BOUGHT,)),
    Feature("pair_orders_91d",           "pair",          "order_items",  "91 d",       "count",          "orders",    "log1p",    "zero",  "the same, this quarter", (BOUGHT,)),
    Feature("pair_quantity",             "pair",          "order_items",  "all",        "pieces",         "pieces",    "log1p",    "zero",  "pieces bought", (BOUGHT,)),
    Feature("pair_decayed_7d",           "pair",          "order_items",  "half 7 d",   "count",          "orders",    "log1p",    "zero",  "decayed times bought", (BOUGHT,)),
    Feature("pair_decayed_28d",          "pair",          "order_items",  "half 28 d",  "count",          "orders",    "log1p",    "zero",  "decayed times bought", (BOUGHT,)),
    Feature("pair_decayed_112d",         "pair",          "order_items",  "half 112 d", "count",          "orders",    "log1p",    "zero",  "decayed times bought", (BOUGHT,)),
    Feature("pair_order_share",          "pair",          "order_items",  "all",        "own",            "share",     "identity", "zero",  "the user's orders since the first purchase that hold it", (BOUGHT,)),
    Feature("pair_days_since",           "pair",          "order_items",  "all",        "last",           "days",      "log1p",    "far",   "age of the last purchase of it", (BOUGHT,)),
    Feature("pair_orders_since",         "pair",          "orders",       "all",        "own",            "orders",    "log1p",    "mean",  "the user's orders since it was last bought", (BOUGHT,)),
    Feature("pair_interval_days",        "pair",          "order_items",  "all",        "interval",       "days",      "log1p",    "mean",  "mean days between the user's purchases of it", (BOUGHT,)),
    Feature("pair_due",                  "pair",          "order_items",  "all",        "own",            "ratio",     "log1p",    "mean",  "days since / the pair's interval, else the product's", (BOUGHT,)),
    Feature("pair_discount_share",       "pair",          "order_items",  "all",        "discount_share", "share",     "identity", "mean",  "discount / value before discount, of the user's purchases of it", (BOUGHT,)),
    Feature("pair_together",             "pair",          "order_items",  "half 112 d", "own",            "score",     "identity", "zero",  "EASE score from what the user bought (Steck 2019)", (TOGETHER,)),
    Feature("pair_together_28d",         "pair",          "order_items",  "half 28 d",  "own",            "score",     "identity", "zero",  "the same, from what was bought lately", (TOGETHER,)),
    Feature("pair_type_decayed",         "pair",          "order_items",  "half 112 d", "own",            "orders",    "log1p",    "zero",  "decayed purchases of the same product type", (TYPE,)),
    Feature("pair_type_share",           "pair",          "order_items",  "half 112 d", "own",            "share",     "identity", "zero",  "share of the user's purchases in the product type", (TYPE,)),
    Feature("pair_brand_decayed",        "pair",          "order_items",  "half 112 d", "own",            "orders",    "log1p",    "zero",  "decayed purchases of the same brand"),
    Feature("pair_type_brand_decayed",   "pair",          "order_items",  "half 112 d", "own",            "orders",    "log1p",    "zero",  "decayed purchases of the same brand within its type", (TYPE,)),
    Feature("pair_type_days_since",      "pair",          "order_items",  "all",        "own",            "days",      "log1p",    "far",   "age of the last purchase of the product type", (TYPE,)),
    Feature("pair_type_products",        "pair",          "order_items",  "all",        "own",            "products",  "log1p",    "zero",  "distinct products of its type that the user bought", (TYPE,)),
    Feature("pair_type_variety",         "pair",          "order_items",  "all",        "own",            "share",     "identity", "mean",  "those / the user's purchases of the type", (TYPE,)),
    Feature("pair_type_loyalty",         "pair",          "order_items",  "half 112 d", "own",            "share",     "identity", "zero",  "share of it in the user's purchases of its type", (BOUGHT, TYPE)),
    Feature("pair_alike",                "pair",          "order_items",  "half 28 d",  "own",            "log score", "identity", "floor", "how much the user buys alike with its recent buyers, summed", (AUDIENCE,)),
    Feature("pair_alike_mean",           "pair",          "order_items",  "half 28 d",  "own",            "cosine",    "identity", "zero",  "the same, a recent buyer", (AUDIENCE,)),
    Feature("pair_type_price_gap",       "pair",          "order_items",  "half 112 d", "own",            "log ratio", "identity", "mean",  "the product's price against those of its type that the user buys", (TYPE,)),
    Feature("pair_price_gap",            "pair",          "order_items",  "all",        "own",            "log ratio", "identity", "mean",  "the product's price level less the user's"),
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

EVIDENCE: tuple[EvidenceKind, ...] = (  # strongest first: what the user did with the product says more than with others
    EvidenceKind(BOUGHT, "pair_orders", 0.0, "the user bought the product"),
    EvidenceKind(TOGETHER, "pair_together", TOGETHER_FLOOR, "it goes with what the user bought"),
    EvidenceKind(TYPE, "pair_type_decayed", 0.0, "the user buys its product type"),
    EvidenceKind(AUDIENCE, "pair_alike_mean", 0.0, "its recent buyers buy what the user buys"),
)

# Definitions that give the numbers of earlier ones keep the hash under which installations stored those: digest of the
# rows as they read now, and that hash.
SAME_NUMBERS = {"2eb5098a0e73e400": "cc2d6ba60905a66c"}
_WORDS = ("meaning", "evidence")


def list_features(entity: Entity) -> tuple[Feature, ...]:
    """Return the features of one entity, in the order in which they stand in every array."""
    return tuple([feature for feature in FEATURES if feature.entity == entity])


def list_names(entity: Entity) -> list[str]:
    """Return the column names of one entity, in the order of every array."""
    return [feature.name for feature in list_features(entity)]


def list_crosses(entity: CrossedEntity) -> tuple[Cross, ...]:
    """Return the crosses of one entity, in the order in which their ids stand in every array."""
    return tuple(cross for cross in CROSSES if cross.entity == entity)


def find_feature(name: str) -> Feature:
    """Return the row of a feature."""
    return next(feature for feature in FEATURES if feature.name == name)


def window_days(name: str) -> float:
    """Return the length or half-life of a feature's window, in days."""
    return find_feature(name).days


def require_filled(declared: Collection[str], filled: Collection[str], place: str) -> None:
    """Require that each declared feature is computed.

    Args:
        declared: names of rows.
        filled: names of what is computed.
        place: where an expression of its own would stand.

    Raises:
        UnfilledFeatureError: one is not; the message names it, and what to do.
    """
    if unfilled := [name for name in declared if name not in filled]:
        raise UnfilledFeatureError(
            f"features/definitions.py declares {', '.join(map(repr, unfilled))}, which nothing computes: give the row an "
            f"aggregate, or add an expression of that name to {place}."
        )


def hash_definitions() -> str:
    """Hash the features and crosses: a model and a snapshot fit together only when both carry the same hash.

    Words do not count: meanings, and the evidence that reasons are made of.
    """
    features = [{key: value for key, value in asdict(row).items() if key not in _WORDS} for row in FEATURES]
    rows = [*features, *map(asdict, CROSSES)]
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
    return SAME_NUMBERS.get(digest, digest)


HISTORY_FEATURES = [feature.name for feature in FEATURES if feature.is_of_history]
"""Pair features that are computed once a snapshot, from the user's own purchases of the product."""
