from xml.etree import ElementTree

import pytest

from shop.drawings import render_product_drawing
from shop.drawings.choice import _read_drawings, _read_rules, choose_look
from shop.drawings.packs import _DRAWERS
from shop.drawings.product import _mix_paint

RULES = _read_rules()
LOOKS = [look for _, look in (*RULES.products, *RULES.categories)] + list(RULES.others)

MILK = {
    "product_id": 1,
    "category_id": 6,
    "title": "Alpine Milk 1 l",
    "brand": "Alpine",
    "product_type": "Milk",
    "size": "1 l",
}


def test_the_same_product_always_looks_the_same() -> None:
    assert render_product_drawing(**MILK) == render_product_drawing(**MILK)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"product_id": 2}, {"brand": "Other"}, {"size": "2 l"}, {"category_id": 7}, {"product_type": "Bread"}],
    ids=str,
)
def test_what_differs_looks_different(change: dict[str, object]) -> None:
    assert render_product_drawing(**{**MILK, **change}) != render_product_drawing(**MILK)  # type: ignore[arg-type]


NASTY = ["<script>alert(1)</script>", "\"&'<>", "상품명 🌸", "\x00\x08\ud800", "x" * 500, " "]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_any_text_is_text_never_markup(text: str) -> None:
    drawing = render_product_drawing(
        product_id=1, category_id=1, title=text, brand=text, product_type=text, size=text, category_name=text
    )

    tree = ElementTree.fromstring(drawing.encode())
    assert {element.tag.rpartition("}")[2] for element in tree.iter()}.isdisjoint({"script", "image", "a"})


@pytest.mark.parametrize("pack", sorted({look.pack for look in LOOKS}))
def test_each_pack_draws(pack: str) -> None:
    product_type = next(
        pattern.pattern.split("(?:")[0].removeprefix(r"\b").replace("\\", "")
        for pattern, look in RULES.products
        if look.pack == pack
    )

    drawing = render_product_drawing(product_id=7, category_id=1, title="x", product_type=product_type, size="1 l")

    assert ElementTree.fromstring(drawing).get("viewBox") == "0 0 400 400"


def test_every_rule_names_a_drawing_and_a_pack_that_exist() -> None:
    assert {look.drawing for look in LOOKS} == set(_read_drawings())
    assert {look.pack for look in LOOKS} == {*_DRAWERS, "loose", "card"}


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
def test_products_look_like_what_they_are(product_type: str, drawing: str, pack: str) -> None:
    look = choose_look(1, product_type, "", "")

    assert (look.drawing, look.pack) == (drawing, pack)


def test_a_word_inside_another_word_is_not_meant() -> None:
    assert choose_look(1, "Interior Care", "", "").drawing != choose_look(1, "Ribs", "", "").drawing


def test_an_unknown_product_takes_after_its_category() -> None:
    assert choose_look(1, "Xyzzy", "", "Bakery & More").drawing == "croissant"


def test_a_shop_of_other_words_still_varies() -> None:
    drawings = {choose_look(product_id, "정체불명", "", "기타").drawing for product_id in range(12)}

    assert len(drawings) > 3


def test_brands_differ_in_colour() -> None:
    assert len({_mix_paint(f"brand {number}", 0).main for number in range(50)}) > 40
