import asyncio
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.ladder import HEAD_SLOTS, SPARE, Ladder
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import Entry

IDS = st.integers(1, 60)
RUNGS = st.lists(st.lists(IDS, max_size=40), max_size=4)


def sell(ids: Sequence[int], sellable: set[int], categories: int = 1) -> dict[int, SellableProduct]:
    return {
        each: SellableProduct(each, each % categories, f"Product {each}", 1.0, "/x.svg")
        for each in ids
        if each in sellable
    }


def climb(rungs: list[list[int]], sellable: set[int], limit: int) -> Ladder:
    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        return sell(ids, sellable)

    ladder = Ladder(limit, fetch)
    for number, products in enumerate(rungs):
        step(ladder, f"rung {number}", products)
    return ladder


def step(ladder: Ladder, rung: str, products: Iterable[int]) -> None:
    asyncio.run(ladder.step(rung, [Entry(product, 1, 0.5, "popular") for product in products]))


@settings(deadline=None)
@given(rungs=RUNGS, sellable=st.sets(IDS), limit=st.integers(1, 30))
def test_no_repeats_no_holes_nothing_unsellable(rungs: list[list[int]], sellable: set[int], limit: int) -> None:
    shown = [ranked.product.product_id for ranked in climb(rungs, sellable, limit).ranked_products]

    on_offer = {product for products in rungs for product in products} & sellable
    assert len(set(shown)) == len(shown)
    assert set(shown) <= sellable
    assert len(shown) == min(limit, len(on_offer))


@settings(deadline=None)
@given(rungs=RUNGS, sellable=st.sets(IDS), limit=st.integers(1, 30))
def test_the_order_is_that_of_the_rungs(rungs: list[list[int]], sellable: set[int], limit: int) -> None:
    shown = [ranked.product.product_id for ranked in climb(rungs, sellable, limit).ranked_products]

    expected = [product for products in rungs for product in products if product in sellable]
    assert shown == list(dict.fromkeys(expected))[:limit]


@settings(deadline=None)
@given(rungs=RUNGS, limit=st.integers(1, 30))
def test_the_catalogue_fills_what_is_left(rungs: list[list[int]], limit: int) -> None:
    everything = set(range(1, 61))
    ladder = climb(rungs, everything, limit)

    ladder.take("catalogue", sell(range(1, 61), everything).values(), "new")

    shown = [ranked.product.product_id for ranked in ladder.ranked_products]
    assert len(shown) == len(set(shown)) == limit


def test_a_full_page_asks_no_further_rung() -> None:
    asked: list[Sequence[int]] = []

    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        asked.append(ids)
        return sell(ids, {1, 2, 3, 4})

    ladder = Ladder(2, fetch)
    step(ladder, "published", (1, 2))
    step(ladder, "popular", (3, 4))

    assert asked == [[1, 2]]


def test_products_that_must_not_be_shown_are_not() -> None:
    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        return sell(ids, {1, 2, 3})

    ladder = Ladder(3, fetch, without={2})

    step(ladder, "popular", (1, 2, 3))

    assert [ranked.product.product_id for ranked in ladder.ranked_products] == [1, 3]


class Shelf:
    """A shop whose products lie in categories by their id, and what a ladder asked of it."""

    def __init__(self, categories: int, sellable: set[int], limit: int, share: float, without: Iterable[int] = ()):
        self.categories = categories
        self.sellable = sellable
        self.asked: list[list[int]] = []
        self.ladder = Ladder(limit, self._fetch, without, share)

    async def _fetch(self, ids: Sequence[int]) -> dict[int, SellableProduct]:
        self.asked.append(list(ids))
        assert len(ids) <= self.ladder.missing + SPARE
        return sell(ids, self.sellable, self.categories)

    def step(self, rung: str, products: Iterable[int]) -> None:
        asyncio.run(self.ladder.step(rung, self.list_entries(products)))

    def lift(self, products: Iterable[int], with_coupon: set[int]) -> None:
        has_coupon = {(product, product % self.categories) for product in with_coupon}
        asyncio.run(self.ladder.lift(self.list_entries(products), lambda *product: product in has_coupon))

    def finish(self) -> list[int]:
        asyncio.run(self.ladder.finish())
        return [ranked.product.product_id for ranked in self.ladder.ranked_products]

    def list_entries(self, products: Iterable[int]) -> list[Entry]:
        return [Entry(product, product % self.categories, 0.5, f"reason {product}") for product in products]


def compose(order: list[int], categories: int, limit: int, share: float) -> list[int]:
    """Compose a page as the rule says it, without regard to what that asks of the shop."""
    head, most = min(limit, HEAD_SLOTS), max(2, int(share * min(limit, HEAD_SLOTS) + 1e-9))
    page: list[int] = []
    for product in order:
        if len(page) < head and sum(each % categories == product % categories for each in page) < most:
            page.append(product)
    return (page + [product for product in order if product not in page])[:limit]


@settings(deadline=None)
@given(
    rungs=RUNGS,
    sellable=st.sets(IDS),
    limit=st.integers(1, 40),
    categories=st.integers(1, 6),
    share=st.sampled_from([0.05, 0.1, 0.25, 0.4, 0.5, 1.0]),
)
def test_the_head_is_varied_and_what_it_held_back_follows_in_its_order(
    rungs: list[list[int]], sellable: set[int], limit: int, categories: int, share: float
) -> None:
    shelf = Shelf(categories, sellable, limit, share)
    for number, products in enumerate(rungs):
        shelf.step(f"rung {number}", products)

    shown = shelf.finish()

    order = list(dict.fromkeys(product for products in rungs for product in products if product in sellable))
    assert shown == compose(order, categories, limit, share)
    rung_of = {
        product: f"rung {number}" for number, products in reversed(list(enumerate(rungs))) for product in products
    }
    for ranked in shelf.ladder.ranked_products:
        product_id = ranked.product.product_id
        assert (ranked.rung, ranked.reason) == (rung_of[product_id], f"reason {product_id}")
        assert not ranked.is_lifted
    assert shelf.ladder.missing == limit - len(shown)
    assert shelf.ladder.full_categories == []


def test_of_a_full_category_no_more_is_asked_than_the_head_may_need() -> None:
    shelf = Shelf(2, set(range(60)), 10, 0.4)

    shelf.step("published", range(0, 60, 2))

    assert shelf.asked == [[0, 2, 4, 6, 8, 10]]
    assert (shelf.ladder.missing, shelf.ladder.full_categories) == (6, [0])
    assert shelf.ladder.met == set(range(0, 60, 2))


def test_a_sold_out_product_of_a_category_makes_room_for_the_next() -> None:
    shelf = Shelf(2, {6, 8, 10, 12, 1, 3, 5}, 6, 0.5)

    shelf.step("published", [0, 2, 4, 6, 8, 10, 12])
    shelf.step("popular", [1, 3, 5])

    assert shelf.finish() == [6, 8, 10, 1, 3, 5]


def test_one_held_back_keeps_its_turn_when_those_asked_before_it_are_sold_out() -> None:
    shelf = Shelf(2, {4, 13, 25, 27}, 20, 0.05)

    shelf.step("published", [31, 29, 49, 27, 13, 4, 25])

    assert shelf.finish() == [27, 13, 4, 25]


def test_a_product_counts_for_the_category_that_it_has_now() -> None:
    moved = {product: SellableProduct(product, 7, "", 1.0, "") for product in range(1, 6)}

    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        return {each: moved[each] for each in ids if each in moved}

    ladder = Ladder(6, fetch, category_share=0.4)
    asyncio.run(ladder.step("published", [Entry(product, product, 0.5, "") for product in moved]))

    assert [ranked.product.product_id for ranked in ladder.ranked_products] == [1, 2]
    assert ladder.full_categories == [7]


def test_coupons_lift_the_best_products_below_the_head_to_its_end() -> None:
    shelf = Shelf(40, set(range(40)) - {27}, 25, 1.0)

    shelf.lift(range(40), with_coupon={3, 24, 27, 31, 35})
    shelf.step("published", range(40))

    shown = shelf.finish()
    assert shown == [*range(18), 24, 31, 18, 19, 20, 21, 22]
    assert shelf.asked[0] == [*range(18), 24, 27, 31, 35]
    lifted = [ranked for ranked in shelf.ladder.ranked_products if ranked.is_lifted]
    assert [(ranked.product.product_id, ranked.rung, ranked.reason) for ranked in lifted] == [
        (24, "published", "reason 24"),
        (31, "published", "reason 31"),
    ]


@pytest.mark.parametrize(
    ("limit", "lifted"), [(30, [28, 29]), (20, [28, 29]), (19, [28]), (10, [28]), (9, []), (1, [])], ids=str
)
def test_on_a_shorter_page_fewer_are_lifted(limit: int, lifted: list[int]) -> None:
    shelf = Shelf(40, set(range(40)), limit, 1.0)

    shelf.lift(range(30), with_coupon={28, 29})

    assert shelf.ladder.missing == limit - len(lifted)
    shelf.step("published", range(30))
    assert [each.product.product_id for each in shelf.ladder.ranked_products if each.is_lifted] == lifted


def test_what_stands_in_the_head_anyway_needs_no_lift_and_the_first_below_it_does() -> None:
    shelf = Shelf(40, set(range(40)), 20, 1.0)

    shelf.lift(range(40), with_coupon={17, 18})
    shelf.step("published", range(40))

    assert [each.product.product_id for each in shelf.ladder.ranked_products if each.is_lifted] == [18]
    assert shelf.finish() == [*range(18), 19, 18]


def test_what_must_not_be_shown_is_not_lifted_and_lifted_products_count_for_their_category() -> None:
    shelf = Shelf(4, set(range(60)), 20, 0.1, without={40})

    shelf.lift(range(60), with_coupon={36, 40, 44, 48, 52})
    shelf.step("published", range(60))

    shown = shelf.finish()
    assert shelf.ladder.full_categories == []
    assert shown[:8] == [1, 2, 3, 5, 6, 7, 36, 44]
    assert 40 not in shown


def test_a_page_that_stays_short_keeps_what_was_lifted() -> None:
    shelf = Shelf(40, {1, 2, 25}, 20, 1.0)

    shelf.lift(range(40), with_coupon={25})
    shelf.step("published", range(5))

    assert shelf.finish() == [1, 2, 25]


def test_nothing_is_asked_where_nothing_can_be_lifted() -> None:
    shelf = Shelf(40, set(range(40)), 20, 1.0)

    shelf.lift(range(40), with_coupon=set())

    assert shelf.asked == []


def test_products_known_to_be_sellable_are_placed_once_and_not_on_a_full_page() -> None:
    shelf = Shelf(6, set(range(60)), 3, 1.0)
    shelf.step("popular", [1])

    shelf.ladder.take("catalogue", sell([1, 2, 3, 4], {1, 2, 3, 4}, 6).values(), "new")
    shelf.ladder.take("catalogue", sell([5], {5}, 6).values(), "new")

    shown = [(each.product.product_id, each.rung, each.reason) for each in shelf.ladder.ranked_products]
    assert shown == [(1, "popular", "reason 1"), (2, "catalogue", "new"), (3, "catalogue", "new")]
    assert 5 not in shelf.ladder.met
