from decimal import Decimal
from pathlib import Path

import pytest

from shop.money import CODES_BY_DECIMALS, Currency

PAGES = Path(__file__).parents[2] / "frontend" / "src" / "lib" / "minor-units.ts"


@pytest.mark.parametrize(
    ("code", "unit"), [("KRW", "1"), ("JPY", "1"), ("USD", "0.01"), ("KWD", "0.001"), ("XYZ", "0.01")]
)
def test_a_minor_unit_is_that_of_the_currency(code: str, unit: str) -> None:
    assert Currency(code).minor_unit == Decimal(unit)


@pytest.mark.parametrize(
    ("code", "amount", "down", "half_up"),
    [
        ("KRW", "94.5", "94", "95"),
        ("KRW", "95.5", "95", "96"),
        ("KRW", "94.49", "94", "94"),
        ("USD", "94.5", "94.50", "94.50"),
        ("USD", "0.999", "0.99", "1.00"),
        ("KWD", "94.5", "94.500", "94.500"),
        ("KWD", "0.0005", "0.000", "0.001"),
    ],
)
def test_amounts_are_rounded_to_the_minor_unit(code: str, amount: str, down: str, half_up: str) -> None:
    assert str(Currency(code).round_down(Decimal(amount))) == down
    assert str(Currency(code).round_half_up(Decimal(amount))) == half_up


@pytest.mark.parametrize("codes", CODES_BY_DECIMALS.values())
def test_the_pages_know_the_same_currencies(codes: str) -> None:
    assert f"'{codes}'" in PAGES.read_text(encoding="utf-8")
