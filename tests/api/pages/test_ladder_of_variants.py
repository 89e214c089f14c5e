import asyncio
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.ladder import Ladder
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import Entry
from tests.api.pages.test_ladder import step


def family_of(product_id: int) -> int | None:
    """The family of a product: 1 to 9 have none, the others are in families of ten."""
    return product_id // 10 or None


class Relatives:
    """A shop whose products have variants, and what a ladder asked of it."""

    def __init__(self, sellable: Iterable[int], limit: int, without_families: Iterable[int] = ()):
        self.sellable = set(sellable)
        self.asked: list[list[int]] = []
        self.ladder = Ladder(limit, self._fetch, without_families=without_families)

    async def _fetch(self, ids: Sequence[int]) -> dict[int, SellableProduct]:
        self.asked.append(list(ids))
        return {each: self.describe(each) for each in ids if each in self.sellable}

    @staticmethod
    def describe(product_id: int) -> SellableProduct:
        return SellableProduct(product_id, 1, "", 1.0, "", family_of(product_id))

    def shown(self) -> list[int]:
        asyncio.run(self.ladder.finish())
        return [ranked.product.product_id for ranked in self.ladder.ranked_products]


@settings(deadline=None)
@given(
    rungs=st.lists(st.lists(st.integers(1, 60), max_size=60), max_size=3),
    sellable=st.sets(st.integers(1, 60)),
    limit=st.integers(1, 30),
)
def test_of_each_family_the_first_that_can_be_sold_is_shown_and_no_slot_is_lost(
    rungs: list[list[int]], sellable: set[int], limit: int
) -> None:
    shop = Relatives(sellable, limit)
    for products in rungs:
        step(shop.ladder, "published", products)

    expected: dict[object, int] = {}
    for product in (product for products in rungs for product in products if product in sellable):
        expected.setdefault(family_of(product) or ("alone", product), product)
    assert shop.shown() == list(expected.values())[:limit]


def test_a_variant_stands_in_for_one_that_is_sold_out() -> None:
    shop = Relatives({1, 12, 13}, 4)

    step(shop.ladder, "published", [11, 12, 1, 13])

    assert shop.shown() == [12, 1]


def test_a_family_that_the_page_is_about_is_left_out() -> None:
    shop = Relatives(range(1, 40), 3, without_families={2})

    step(shop.ladder, "published", [21, 22, 11, 1, 31])

    assert shop.shown() == [11, 1, 31]


def test_after_many_variants_more_is_asked_at_once() -> None:
    shop = Relatives(range(1, 60), 8)

    step(shop.ladder, "published", [*range(10, 20), *range(1, 10)])

    assert shop.shown() == [10, 1, 2, 3, 4, 5, 6, 7]
    assert shop.asked == [list(range(10, 20)), [*range(1, 10)]]


def test_no_coupon_lifts_a_variant_of_what_stands_above() -> None:
    shop = Relatives(range(1, 60), 20)
    entries = [
        Entry(product, 1, 0.5, "") for product in [11, *range(1, 10), *range(20, 60, 10), *range(21, 31), 12, 31]
    ]

    asyncio.run(shop.ladder.lift(entries, lambda product, _: product in (12, 31)))

    assert shop.ladder.missing == 20
    step(shop.ladder, "published", [entry.product_id for entry in entries])
    assert shop.shown() == [11, *range(1, 10), 20, 30, 40, 50]


def test_a_variant_that_a_coupon_lifted_is_the_one_on_the_page() -> None:
    shop = Relatives(range(1, 60), 20)
    entries = [Entry(product, 1, 0.5, "") for product in [*range(1, 10), *range(20, 30), 12, 13, 14]]

    asyncio.run(shop.ladder.lift(entries, lambda product, _: product in (13, 14)))
    step(shop.ladder, "published", [entry.product_id for entry in entries])

    assert shop.shown() == [*range(1, 10), 20, 13]
