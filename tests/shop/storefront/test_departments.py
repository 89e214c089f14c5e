import pytest

from shop.storefront.config import parse_storefront
from shop.storefront.departments import find_icon, find_restricted

NAMES = {1: "Fruit", 2: "Beer, Wine & Tobacco", 3: "Snacks"}


@pytest.mark.parametrize(
    ("document", "restricted"),
    [
        ("", {2}),
        ("[departments]\n'Beer, Wine & Tobacco' = { restricted = false }\nFruit = { restricted = true }", {1}),
    ],
    ids=["by their names", "as the merchant says"],
)
def test_departments_are_restricted(document: str, restricted: set[int]) -> None:
    assert find_restricted(parse_storefront(document), NAMES) == restricted


def test_a_shop_that_sells_wine_alone_may_recommend_it() -> None:
    names = {1: "와인", 2: "Red wine", 3: "Glasses"}

    assert find_restricted(parse_storefront(""), names) == frozenset()
    assert find_restricted(parse_storefront("[departments]\n'와인' = { restricted = true }"), names) == {1}


def test_an_icon_is_the_merchants_else_one_that_fits_else_none() -> None:
    config = parse_storefront("[departments]\nFruit = { icon = 'grapes' }")

    icons = [find_icon(config, name) for name in ("Fruit", "Vegetables", "Category 7")]

    assert icons == ["/static/images/drawings/grapes.svg", "/static/images/drawings/carrot.svg", None]
