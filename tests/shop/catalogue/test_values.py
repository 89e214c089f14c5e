"""Values as drivers give them, read as fields hold them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shop.catalogue.values import OddValueError, read_value
from shop.mapping.canonical import Field, Kind
from shop.money import FINEST, Currency

NOON = datetime(2026, 1, 2, 12, 0, 0, 500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        (Kind.INTEGER, 2**63 - 1, 2**63 - 1),
        (Kind.INTEGER, Decimal(7), 7),
        (Kind.INTEGER, 16_777_217.0, 16_777_217),
        (Kind.FLAG, 0, False),
        (Kind.FLAG, -1, True),
        (Kind.MONEY, 19.99, Decimal("19.99")),
        (Kind.MONEY, Decimal("0.125"), Decimal("0.125")),
        (Kind.MONEY, Decimal("55.8625"), Decimal("55.863")),
        (Kind.MONEY, 5, Decimal(5)),
        (Kind.TEXT, " 007 ", " 007 "),
        (Kind.TEXT, "한".encode(), "한"),
        (Kind.ID, 2**64 - 1, "18446744073709551615"),
        (Kind.ID, Decimal(2**64 + 1), "18446744073709551617"),
        (Kind.ID, " 007 ", " 007 "),
        (Kind.ID, b"\x00\xff", "00ff"),
        (Kind.INSTANT, "2026-01-02 12:00:00.000500", NOON),
        (Kind.INSTANT, NOON.replace(tzinfo=None), NOON),
    ],
)
def test_a_value_is_read_without_loss(kind: Kind, given: Any, read: Any) -> None:
    assert read_value(Field("it", kind, is_nullable=False), given, FINEST) == read


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Kind.INTEGER, "7a"),
        (Kind.INTEGER, 7.5),
        (Kind.INTEGER, 2**63),
        (Kind.INTEGER, float("inf")),
        (Kind.FLAG, "yes"),
        (Kind.MONEY, "free"),
        (Kind.MONEY, float("nan")),
        (Kind.TEXT, b"\xff"),
        (Kind.ID, 9007199254740993.0),
        (Kind.ID, "bytes that were no UTF-8: \ufffd"),
        (Kind.ID, "x" * 1001),
        (Kind.ID, None),
        (Kind.INSTANT, "soon"),
        (Kind.INSTANT, "0000-00-00 00:00:00"),
        (Kind.TEXT, None),
    ],
)
def test_a_value_that_is_none_of_its_field_is_odd_and_not_told(kind: Kind, given: Any) -> None:
    with pytest.raises(OddValueError, match=r"^it is") as error:
        read_value(Field("it", kind, is_nullable=False), given, FINEST)

    assert given is None or str(given) not in str(error.value)


def test_a_missing_value_is_none_where_it_may_be() -> None:
    assert read_value(Field("it", Kind.MONEY, is_nullable=True), None, FINEST) is None
    assert read_value(Field("it", Kind.INSTANT, is_nullable=True), "0000-00-00 00:00:00", FINEST) is None


@pytest.mark.parametrize(
    ("code", "given", "read"),
    [
        ("KRW", Decimal("1234.5"), "1235"),
        ("KRW", 0.49, "0"),
        ("KRW", -2.5, "-3"),
        ("USD", "19.995", "20.00"),
        ("KWD", Decimal("1.2345"), "1.235"),
    ],
)
def test_an_amount_is_rounded_to_what_its_currency_can_charge(code: str, given: Any, read: str) -> None:
    field = Field("price", Kind.MONEY, is_nullable=False)

    assert str(read_value(field, given, Currency(code))) == read


def test_a_percentage_is_as_fine_in_any_currency() -> None:
    field = Field("discount_value", Kind.MONEY, is_nullable=False)

    assert read_value(field, Decimal("12.5"), Currency("KRW")) == Decimal("12.5")
