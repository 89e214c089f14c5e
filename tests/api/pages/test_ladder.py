import asyncio
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from api.pages.ladder import Ladder
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import Entry

IDS = st.integers(1, 60)
RUNGS = st.lists(st.lists(IDS, max_size=40), max_size=4)


def sell(ids: Sequence[int], sellable: set[int]) -> dict[int, SellableProduct]:
    return {each: SellableProduct(each, 1, f"Product {each}", 1.0, "/x.svg") for each in ids if each in sellable}


def climb(rungs: list[list[int]], sellable: set[int], limit: int) -> Ladder:
    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        return sell(ids, sellable)

    ladder = Ladder(limit, fetch)
    for number, products in enumerate(rungs):
        step(ladder, f"rung {number}", products)
    return ladder


def step(ladder: Ladder, rung: str, products: Iterable[int]) -> None:
    asyncio.run(ladder.step(rung, [Entry(product, 1, 0.5, "popular") for product in products]))


@given(rungs=RUNGS, sellable=st.sets(IDS), limit=st.integers(1, 30))
def test_no_repeats_no_holes_nothing_unsellable(rungs: list[list[int]], sellable: set[int], limit: int) -> None:
    shown = [ranked.product.product_id for ranked in climb(rungs, sellable, limit).ranked_products]

    on_offer = {product for products in rungs for product in products} & sellable
    assert len(set(shown)) == len(shown)
    assert set(shown) <= sellable
    assert len(shown) == min(limit, len(on_offer))


@given(rungs=RUNGS, sellable=st.sets(IDS), limit=st.integers(1, 30))
def test_the_order_is_that_of_the_rungs(rungs: list[list[int]], sellable: set[int], limit: int) -> None:
    shown = [ranked.product.product_id for ranked in climb(rungs, sellable, limit).ranked_products]

    expected = [product for products in rungs for product in products if product in sellable]
    assert shown == list(dict.fromkeys(expected))[:limit]


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
