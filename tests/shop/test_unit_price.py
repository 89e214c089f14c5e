"""Unit prices of the sizes that shops write, and none of what tells no amount."""

import pytest

from shop.unit_price import PricePerUnit, find_unit_price


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("500g", PricePerUnit(0.6, 100, "g")),
        ("1.5 KG", PricePerUnit(0.2, 100, "g")),
        ("1,5 kg", PricePerUnit(0.2, 100, "g")),
        ("6 x 330 ml", PricePerUnit(0.15152, 100, "ml")),
        ("330ml × 6", PricePerUnit(0.15152, 100, "ml")),
        ("2 l", PricePerUnit(0.15, 100, "ml")),
        ("16 oz", PricePerUnit(0.1875, 1, "oz")),
        ("1 lb", PricePerUnit(0.1875, 1, "oz")),
        ("1/2 gal", PricePerUnit(0.046875, 1, "fl_oz")),
        ("1 1/2 lb", PricePerUnit(0.125, 1, "oz")),
        ("12 Fl. Oz.", PricePerUnit(0.25, 1, "fl_oz")),
        ("20 ct", PricePerUnit(0.15, 1, "piece")),
        ("30개입", PricePerUnit(0.1, 1, "piece")),
        ("400 ct", PricePerUnit(0.75, 100, "piece")),
    ],
)
def test_a_size_tells_what_a_unit_costs(size: str, expected: PricePerUnit) -> None:
    assert find_unit_price(3.0, size) == expected


@pytest.mark.parametrize(
    "size",
    [
        None,
        "",
        "Large",
        "12 oz / 8 ct",
        "30-35 ct",
        "2/12 oz",
        "0 g",
        "40 sq ft",
        "1 dz",
        "2 x 3 ct x 4",
        "oz",
        "9" * 99,
    ],
)
def test_what_tells_no_amount_has_no_unit_price(size: str | None) -> None:
    assert find_unit_price(3.0, size) is None


@pytest.mark.parametrize("size", ["100 g", "1 oz", "1 ct", "100 ct"])
def test_a_unit_price_that_is_the_price_is_not_said_twice(size: str) -> None:
    assert find_unit_price(3.0, size) is None
