"""Why a product stands on the homepage, in words that quote what the shopper did.

The code is the ranker's, which cites only evidence without which the score would be lower. The words are read as of the
batch's instant, so that they quote what the ranker knew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from api.answer import HomeAnswer
from api.coupons import HeldCoupon, covering, fetch_held_coupons
from api.ladder import Pick
from api.published import fetch_neighbour_lists
from api.purchases import Habit, fetch_habits
from api.schemas import ExplainedHome, ExplainedProduct, Reason
from shop.tables import Category, Product

CITED_PURCHASES = 200
"""Most bought products among which the one is sought that speaks for another."""

PLAIN_WORDS = {
    "bought_before": "You bought it before",
    "bought_together": "Often bought with what you buy",
    "favourite_type": "Of a kind that you buy",
    "popular": "Popular right now",
    "popular_in_category": "Popular in its department",
    "new": "New in the shop",
}


@dataclass(frozen=True)
class Evidence:
    """What words can quote.

    Attributes:
        habits: the user's purchases by product, before the batch's instant.
        together: for a product, the title of the purchase that it goes best with.
        product_types: for a product, its type.
        category_names: names by category.
        coupons: what the user can redeem now.
    """

    habits: Mapping[int, Habit] = field(default_factory=dict)
    together: Mapping[int, str] = field(default_factory=dict)
    product_types: Mapping[int, str] = field(default_factory=dict)
    category_names: Mapping[int, str] = field(default_factory=dict)
    coupons: Sequence[HeldCoupon] = ()


def explain(answer: HomeAnswer, evidence: Evidence) -> ExplainedHome:
    """Write the page with its reasons; without evidence, in plain words."""
    products = [
        ExplainedProduct(
            **pick.product._asdict(),
            reason=Reason(code=pick.reason, text=put_into_words(pick, evidence)),
            rung=pick.rung,
            coupons=[
                each.describe()
                for each in covering(evidence.coupons, pick.product.product_id, pick.product.category_id)
            ],
            is_lifted_by_coupon=pick.is_lifted,
        )
        for pick in answer.picks
    ]
    return ExplainedHome(user_nickname=answer.nickname, recommendations=products)


def put_into_words(pick: Pick, evidence: Evidence) -> str:
    """Say one reason, quoting the evidence where there is any."""
    product = pick.product
    habit, other = evidence.habits.get(product.product_id), evidence.together.get(product.product_id)
    kind, category = evidence.product_types.get(product.product_id), evidence.category_names.get(product.category_id)
    if pick.reason == "bought_before" and habit:
        return _describe_habit(habit)
    if pick.reason == "bought_together" and other:
        return f"Often bought with {other}"
    if pick.reason == "favourite_type" and kind:
        return f"You buy {kind}"
    if pick.reason in ("popular", "popular_in_category") and category:
        return f"Popular in {category}"
    return PLAIN_WORDS.get(pick.reason, "Recommended for you")


def read_evidence(connection: Connection, answer: HomeAnswer, user_id: int | None) -> Evidence:
    """Read what the words of a page quote."""
    names = {row.category_id: row.name for row in connection.execute(select(Category.category_id, Category.name))}
    of_type = {pick.product.product_id for pick in answer.picks if pick.reason == "favourite_type"}
    types = select(Product.product_id, Product.product_type).where(Product.product_id.in_(of_type))
    kinds = {row.product_id: row.product_type for row in connection.execute(types) if row.product_type}
    if user_id is None:
        return Evidence(product_types=kinds, category_names=names)
    habits = fetch_habits(connection, user_id, answer.head.as_of if answer.head else datetime.now(UTC))
    together = _find_companions(connection, answer, habits)
    return Evidence(habits, together, kinds, names, fetch_held_coupons(connection, user_id))


def _find_companions(connection: Connection, answer: HomeAnswer, habits: dict[int, Habit]) -> dict[int, str]:
    """For each product that goes with a purchase, name the purchase that says so most."""
    wanted = {pick.product.product_id for pick in answer.picks if pick.reason == "bought_together"}
    if not wanted or answer.head is None:
        return {}
    best: dict[int, tuple[float, int]] = {}
    lists = fetch_neighbour_lists(connection, answer.head.batch_id, list(habits)[:CITED_PURCHASES])
    for bought, entries in lists.items():
        for entry in entries:
            if entry.product_id in wanted:
                best[entry.product_id] = max(best.get(entry.product_id, (0.0, 0)), (entry.score, bought))
    companions = {product_id: bought for product_id, (_, bought) in best.items()}
    query = select(Product.product_id, Product.title).where(Product.product_id.in_(set(companions.values())))
    titles = {row.product_id: row.title for row in connection.execute(query)}
    return {product_id: titles[bought] for product_id, bought in companions.items() if bought in titles}


def _describe_habit(habit: Habit) -> str:
    if habit.num_orders == 1:
        return "You bought it once"
    days = round(habit.days_between)
    rhythm = "about every day" if days <= 1 else f"about every {days} days"
    return f"You bought it {habit.num_orders} times, {rhythm}"
