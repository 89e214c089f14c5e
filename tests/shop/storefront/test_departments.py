import pytest

from shop.storefront.config import parse_storefront
from shop.storefront.departments import find_icon, find_linked_department, find_restricted, link_department

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


@pytest.mark.parametrize("number", ["3", "03", "3.0", "%33", "+3"])
def test_a_link_leads_where_the_pages_read_its_number(number: str) -> None:
    assert find_linked_department(f"/category/{number}", {}, {}) == 3
    assert find_linked_department(f"/product/{number}/", {3: 7}, {}) == 7


@pytest.mark.parametrize("link", ["/", "/search?query=/category/3", "/category/wine", "/category/nan", "/product/4"])
def test_other_links_lead_to_no_department(link: str) -> None:
    assert find_linked_department(link, {3: 7}, {}) is None


@pytest.mark.parametrize("text", [".", "..", "~.", "a"])
def test_a_department_is_found_by_the_address_that_it_is_given(text: str) -> None:
    texts = {"categories": {7: text}}

    assert find_linked_department(link_department(7, texts), {}, texts) == 7
