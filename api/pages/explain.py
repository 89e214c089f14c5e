"""Explanations: why a product is on the homepage, as a code and what the shopper did; clients put them into words.

The code is the ranker's, which cites only evidence without which the score would be lower. What the shopper did is read
as of the batch's instant, so that it is what the ranker knew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from api.db.databases import Databases
from api.pages.answer import HomeAnswer
from api.pages.ladder import RankedProduct
from api.queries.coupons import HeldCoupon, covering, fetch_held_coupons
from api.queries.published import fetch_neighbour_lists
from api.queries.purchases import Habit, fetch_habits
from api.queries.ranked_list import Entry
from api.schemas import AppliedRule, ExplainedHome, ExplainedProduct, Reason, ReasonFacts
from shop.tables import Product

CITED_PURCHASES = 200
"""Most bought products among which the one is sought that speaks for another."""


@dataclass(frozen=True)
class ShopperEvidence:
    """What a reason can rest on, and the coupons that go with the page.

    Attributes:
        habits: the user's purchases by product, before the batch's instant.
        together: for a product, the title of the purchase that it goes best with.
        product_types: for a product, its type.
        coupons: what the user can redeem now.
    """

    habits: Mapping[int, Habit] = field(default_factory=dict)
    together: Mapping[int, str] = field(default_factory=dict)
    product_types: Mapping[int, str] = field(default_factory=dict)
    coupons: Sequence[HeldCoupon] = ()


def explain(answer: HomeAnswer, evidence: ShopperEvidence) -> ExplainedHome:
    """Write the page with its reasons; without evidence, with their codes alone."""
    products = [
        ExplainedProduct(
            **asdict(ranked.product),
            reason=Reason(code=ranked.reason, facts=_select_facts(ranked, evidence)),
            rung=ranked.rung,
            coupons=[
                each.describe()
                for each in covering(evidence.coupons, ranked.product.product_id, ranked.product.category_id)
            ],
            is_lifted_by_coupon=ranked.is_lifted,
            rules=[AppliedRule(rule_id=rule_id, action=action) for rule_id, action in ranked.rules],
        )
        for ranked in answer.ranked_products
    ]
    return ExplainedHome(user_nickname=answer.nickname, recommendations=products)


def _select_facts(ranked: RankedProduct, evidence: ShopperEvidence) -> ReasonFacts:
    """Pick the evidence that belongs to the reason's code; there may be none."""
    product_id = ranked.product.product_id
    habit = evidence.habits.get(product_id)
    if ranked.reason == "bought_before" and habit:
        days = max(1, round(habit.days_between)) if habit.num_orders > 1 else None
        return ReasonFacts(num_orders=habit.num_orders, days_between=days)
    if ranked.reason == "bought_together":
        return ReasonFacts(goes_with=evidence.together.get(product_id))
    if ranked.reason == "favourite_type":
        return ReasonFacts(product_type=evidence.product_types.get(product_id))
    return ReasonFacts()


async def read_evidence(databases: Databases, answer: HomeAnswer, user_id: int | None) -> ShopperEvidence:
    """Read what the reasons of a page rest on.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    evidence = await databases.shop.read(_read_of_shop, answer, user_id)
    wanted = {ranked.product.product_id for ranked in answer.ranked_products if ranked.reason == "bought_together"}
    if not wanted or not evidence.habits or answer.head is None:
        return evidence
    bought = list(evidence.habits)[:CITED_PURCHASES]
    lists = await databases.platform.read(fetch_neighbour_lists, answer.head.batch_id, bought)
    companions = _find_companions(wanted, lists)
    titles = await databases.shop.read(_read_titles, set(companions.values()))
    together = {product_id: titles[bought] for product_id, bought in companions.items() if bought in titles}
    return replace(evidence, together=together)


def _read_of_shop(connection: Connection, answer: HomeAnswer, user_id: int | None) -> ShopperEvidence:
    of_type = {ranked.product.product_id for ranked in answer.ranked_products if ranked.reason == "favourite_type"}
    types = select(Product.product_id, Product.product_type).where(Product.product_id.in_(of_type))
    kinds = {row.product_id: row.product_type for row in connection.execute(types) if row.product_type}
    if user_id is None:
        return ShopperEvidence(product_types=kinds)
    habits = fetch_habits(
        connection, user_id, answer.head.as_of if answer.head else datetime.now(UTC), answer.exclusions.gifts
    )
    return ShopperEvidence(habits, {}, kinds, fetch_held_coupons(connection, user_id))


def _find_companions(wanted: Collection[int], lists: Mapping[int, Sequence[Entry]]) -> dict[int, int]:
    """For each product that goes with a purchase, find the purchase that says so most."""
    best: dict[int, tuple[float, int]] = {}
    for bought, entries in lists.items():
        for entry in entries:
            if entry.product_id in wanted and entry.reason == "bought_together":
                best[entry.product_id] = max(best.get(entry.product_id, (0.0, 0)), (entry.score, bought))
    return {product_id: bought for product_id, (_, bought) in best.items()}


def _read_titles(connection: Connection, product_ids: Collection[int]) -> dict[int, str]:
    """Read what visible products are called."""
    query = select(Product.product_id, Product.title).where(Product.product_id.in_(product_ids), Product.is_visible)
    return {row.product_id: row.title for row in connection.execute(query)}
