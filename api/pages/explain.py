"""Explanations: why a product is on the homepage, as a code and what the shopper did; clients put them into words.

The code is the ranker's: that the shopper bought the product, or else evidence without which the score would be lower.
What the shopper did is read as of the batch's instant for the homepage, so that it is what the ranker knew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, select

from api.db.databases import Databases
from api.pages.answer import HomeAnswer
from api.pages.ladder import RankedProduct
from api.queries.coupons import HeldCoupon, covering, fetch_held_coupons
from api.queries.published import BatchHead, fetch_neighbour_lists
from api.queries.purchases import Habit, OrderLine, fetch_habits
from api.queries.ranked_list import BOUGHT_BEFORE, BOUGHT_TOGETHER, FAVOURITE_TYPE, Entry
from api.schemas import AppliedRule, ExplainedHome, ExplainedProduct, Reason, ReasonFacts
from shop.tables import Product

CITED_PURCHASES = 200
"""Most bought products among which the one is sought that speaks for another."""


@dataclass(frozen=True)
class ShopperEvidence:
    """What a reason can rest on, and the coupons that go with the page.

    Attributes:
        habits: the user's purchases by product.
        together: for a product, the title of the purchase that it goes best with.
        product_types: for a product, its type.
        coupons: what the user can redeem now.
        now: when it was read.
    """

    habits: Mapping[int, Habit] = field(default_factory=dict)
    together: Mapping[int, str] = field(default_factory=dict)
    product_types: Mapping[int, str] = field(default_factory=dict)
    coupons: Sequence[HeldCoupon] = ()
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def explain(answer: HomeAnswer, evidence: ShopperEvidence) -> ExplainedHome:
    """Write the page with its reasons; without evidence, with their codes alone."""
    products = explain_products(answer.ranked_products, evidence)
    return ExplainedHome(user_nickname=answer.nickname, recommendations=products)


def explain_products(ranked_products: Iterable[RankedProduct], evidence: ShopperEvidence) -> list[ExplainedProduct]:
    """Write products with their reasons and coupons."""
    return [
        ExplainedProduct(
            **ranked.product.listed(),
            family_id=ranked.product.family_id,
            reason=Reason(code=ranked.reason, facts=_select_facts(ranked, evidence)),
            rung=ranked.rung,
            coupons=[
                each.describe()
                for each in covering(evidence.coupons, ranked.product.product_id, ranked.product.category_id)
            ],
            is_lifted_by_coupon=ranked.is_lifted,
            rules=[AppliedRule(rule_id=rule_id, action=action) for rule_id, action in ranked.rules],
        )
        for ranked in ranked_products
    ]


def _select_facts(ranked: RankedProduct, evidence: ShopperEvidence) -> ReasonFacts:
    """Pick the evidence that belongs to the reason's code; there may be none."""
    product_id = ranked.product.product_id
    habit = evidence.habits.get(product_id)
    if ranked.reason == BOUGHT_BEFORE and habit:
        days = max(1, round(habit.days_between)) if habit.num_orders > 1 else None
        since = max(0, (evidence.now - habit.last_at).days)
        return ReasonFacts(num_orders=habit.num_orders, days_between=days, days_since=since)
    if ranked.reason == BOUGHT_TOGETHER:
        return ReasonFacts(goes_with=evidence.together.get(product_id))
    if ranked.reason == FAVOURITE_TYPE:
        return ReasonFacts(product_type=evidence.product_types.get(product_id))
    return ReasonFacts()


async def read_evidence(databases: Databases, answer: HomeAnswer, user_id: int | None) -> ShopperEvidence:
    """Read what the reasons of a page rest on.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    evidence = ShopperEvidence()
    if user_id is not None:
        before = answer.head.as_of if answer.head else evidence.now
        evidence = await databases.shop.read(_read_of_shopper, user_id, before, answer.exclusions.gifts)
    return await read_facts(databases, answer.head, answer.ranked_products, evidence)


async def read_facts(
    databases: Databases, head: BatchHead | None, ranked_products: Sequence[RankedProduct], evidence: ShopperEvidence
) -> ShopperEvidence:
    """Read what reasons quote beyond what the shopper bought: titles of purchases, kinds of products.

    Args:
        databases: the shop's and the platform's.
        head: the batch that ranked the products.
        ranked_products: whose reasons are given.
        evidence: what is known of the shopper.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    reasons = {ranked.product.product_id: ranked.reason for ranked in ranked_products}
    of_type = {product_id for product_id, reason in reasons.items() if reason == FAVOURITE_TYPE}
    companions = {product_id for product_id, reason in reasons.items() if reason == BOUGHT_TOGETHER}
    purchases: dict[int, int] = {}
    if companions and evidence.habits and head is not None:
        bought = list(evidence.habits)[:CITED_PURCHASES]
        lists = await databases.platform.read(fetch_neighbour_lists, head.batch_id, bought)
        purchases = _find_companions(companions, lists)
    if not of_type and not purchases:
        return evidence
    rows = await databases.shop.read(_read_words, of_type | set(purchases.values()))
    types = {each: kind for each in of_type if each in rows and (kind := rows[each].product_type)}
    visible = {each: row.title for each, row in rows.items() if row.is_visible}
    together = {each: visible[bought] for each, bought in purchases.items() if bought in visible}
    return replace(evidence, together=together, product_types=types)


def _read_of_shopper(
    connection: Connection, user_id: int, before: datetime, gifts: Collection[OrderLine]
) -> ShopperEvidence:
    habits = fetch_habits(connection, user_id, before, gifts)
    return ShopperEvidence(habits, coupons=fetch_held_coupons(connection, user_id))


def _find_companions(wanted: Collection[int], lists: Mapping[int, Sequence[Entry]]) -> dict[int, int]:
    """For each product that goes with a purchase, find the purchase that says so most."""
    best: dict[int, tuple[float, int]] = {}
    for bought, entries in lists.items():
        for entry in entries:
            if entry.product_id in wanted and entry.reason == BOUGHT_TOGETHER:
                best[entry.product_id] = max(best.get(entry.product_id, (0.0, 0)), (entry.score, bought))
    return {product_id: bought for product_id, (_, bought) in best.items()}


def _read_words(connection: Connection, product_ids: Collection[int]) -> dict[int, Row[int, str, str | None, bool]]:
    """Read what products are called, of which kind they are, and whether they are shown."""
    words = select(Product.product_id, Product.title, Product.product_type, Product.is_visible)
    return {row.product_id: row for row in connection.execute(words.where(Product.product_id.in_(product_ids)))}
