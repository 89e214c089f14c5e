from xml.etree import ElementTree

import pytest

from shop.storefront.drawings import render_product_drawing
from shop.storefront.drawings.choice import _read_grocery
from shop.storefront.drawings.product import _mix_paint

PACKS = sorted({look.pack for _, look in _read_grocery().products})

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


@pytest.mark.parametrize("pack", PACKS)
def test_each_pack_draws(pack: str) -> None:
    product_type = next(
        pattern.pattern.split("(?:")[0].removeprefix(r"\b").replace("\\", "")
        for pattern, look in _read_grocery().products
        if look.pack == pack
    )

    drawing = render_product_drawing(
        product_id=7, category_id=1, title="x", product_type=product_type, size="1 l", is_grocery=True
    )

    assert ElementTree.fromstring(drawing).get("viewBox") == "0 0 400 400"


def test_what_no_drawing_fits_shows_its_initial() -> None:
    drawing = render_product_drawing(product_id=1, category_id=1, title="«정체불명»", brand="Brand")

    assert "<symbol" not in drawing
    assert ">정</text>" in drawing


def test_a_grocers_words_are_for_a_shop_that_says_so() -> None:
    facts = {"product_id": 1, "category_id": 1, "title": "Jam", "product_type": "Preserves Jam Marmalade"}

    assert "<symbol" not in render_product_drawing(**facts)  # type: ignore[arg-type]
    assert "<symbol" in render_product_drawing(**facts, is_grocery=True)  # type: ignore[arg-type]


def test_brands_differ_in_colour() -> None:
    assert len({_mix_paint(f"brand {number}", 0).main for number in range(50)}) > 40
