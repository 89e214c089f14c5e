import pytest

from shop.storefront.drawings.choice import (
    DrawingChoice,
    _read_grocery,
    _read_things,
    choose_department_drawing,
    choose_grocery_drawing,
    choose_product_drawing,
    list_drawings,
)
from shop.storefront.drawings.packs import _DRAWERS


def drawn(title: str, product_type: str = "") -> str | None:
    look = choose_product_drawing(product_type, title)
    return None if look is None else look.drawing


@pytest.mark.parametrize(
    ("title", "drawing"),
    [
        ("Strawberry chocolate", "chocolate-bar"),
        ("Dark Chocolate 72%, 100 g", "chocolate-bar"),
        ("Chocolate with strawberries", "chocolate-bar"),
        ("Strawberries", "strawberry"),
        ("Chocolate Candle (strawberry)", "candle"),
        ("딸기 초콜릿 10개입", "chocolate-bar"),
        ("밀크초콜릿 100g", "chocolate-bar"),
        ("초콜릿 향 캔들", "candle"),
        ("초콜릿 선물세트", "wrapped-gift"),
    ],
)
def test_the_last_words_of_a_title_say_what_a_product_is(title: str, drawing: str) -> None:
    assert drawn(title) == drawing


@pytest.mark.parametrize(
    "title",
    [
        "Chocolate mould",
        "Box of chocolates",
        "Milk & Cookies",
        "Bacon and eggs",
        "Easter egg",
        "초콜릿 틀",
        "우유와 쿠키",
        "",
    ],
)
def test_nothing_is_drawn_where_no_drawing_surely_fits(title: str) -> None:
    assert drawn(title) is None


def test_a_type_says_more_than_a_title() -> None:
    assert drawn("Chocolate", product_type="Cookbook") == "books"
    assert drawn("Chocolate", product_type="Mould") is None


@pytest.mark.parametrize(
    ("name", "drawing"),
    [
        ("Fruit & Vegetables", "red-apple"),
        ("초콜릿", "chocolate-bar"),
        ("캔들·디퓨저", "candle"),
        ("선물 세트", "wrapped-gift"),
        ("Home, Flowers & Seasonal", "bouquet"),
        ("Category 3", None),
        ("시즌 한정", None),
        ("Wallpaper", None),
    ],
)
def test_a_department_has_the_drawing_of_what_it_is_called(name: str, drawing: str | None) -> None:
    assert choose_department_drawing(name) == drawing


def test_every_row_names_a_drawing_and_a_pack_that_exist() -> None:
    grocery, things = _read_grocery(), _read_things()
    looks = [look for _, look in (*grocery.products, *grocery.categories)]

    assert {look.drawing for look in (*looks, *things.values())} - {""} <= list_drawings()
    assert {look.pack for look in looks} == {*_DRAWERS, "loose", "card"}
    assert {look.pack for look in things.values()} <= {*_DRAWERS, "loose", "card", ""}


@pytest.mark.parametrize(
    ("product_type", "drawing", "pack"),
    [
        ("Milk", "glass-of-milk", "carton"),
        ("Bananas", "banana", "loose"),
        ("Ground Coffee", "hot-beverage", "can"),
        ("Frozen Breaded Chicken", "poultry-leg", "bag"),
        ("Hot Dog Buns", "hot-dog", "bag"),
        ("Strawberries", "strawberry", "loose"),
        ("Liquid Laundry Detergents", "t-shirt", "jug"),
    ],
)
def test_a_grocers_words_know_its_types(product_type: str, drawing: str, pack: str) -> None:
    assert choose_grocery_drawing(product_type, "", "") == DrawingChoice(drawing, pack)


def test_a_word_inside_another_word_is_not_meant() -> None:
    assert choose_grocery_drawing("Interior Care", "", "") is None


def test_an_unknown_grocery_takes_after_its_category() -> None:
    look = choose_grocery_drawing("Xyzzy", "", "Bakery & More")

    assert look is not None
    assert look.drawing == "croissant"
