"""Values as a shop's driver gives them, read as what their fields hold."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from shop.mapping.canonical import MAX_KEY, SHARES, Field, Kind
from shop.mapping.id_map import is_id
from shop.money import FINEST, Currency

REPLACEMENT = "\ufffd"
"""What stands where bytes were no UTF-8: two ids may have it in the same place."""

Value = int | bool | Decimal | str | datetime | None


class OddValueError(ValueError):
    """A value is none of its field's; the message names the field and no text of a person."""


def read_value(field: Field, value: Any, currency: Currency) -> Value:
    """Read one value.

    Args:
        field: what it is of.
        value: as the driver gives it.
        currency: of the shop's prices, whose smallest unit amounts are rounded to.

    Raises:
        OddValueError: it is none of the field's kind, or missing where there must be one.
    """
    try:
        read = None if value is None else _READERS[field.kind](value)
        if isinstance(read, Decimal):
            read = (FINEST if field.name in SHARES else currency).round_half_up(read)
    except (ValueError, TypeError, ArithmeticError) as err:
        raise OddValueError(f"{field.name} is no {field.kind.value}") from err
    if read is None and not field.is_nullable:
        raise OddValueError(f"{field.name} is missing, or has a value that the mapping does not know")
    return read


def _read_integer(value: Any) -> int:
    number = int(value)
    if number != (Decimal(value) if isinstance(value, str) else value) or abs(number) > MAX_KEY:
        raise ValueError
    return number


def _read_flag(value: Any) -> bool:
    return _read_integer(value) != 0


def _read_money(value: Any) -> Decimal:
    amount = Decimal(str(value))
    if not amount.is_finite():
        raise InvalidOperation
    return amount


def _read_text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_instant(value: Any) -> datetime | None:
    """Read an instant; a date that no calendar has, such as `0000-00-00`, is none."""
    if not isinstance(value, datetime):
        text = _read_text(value)
        if text.startswith("0000-00-00"):
            return None
        value = datetime.fromisoformat(text)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _read_id(value: Any) -> str:
    """Read an id of text: numbers as they are written, bytes in hexadecimal digits; a float may be off, and is none."""
    if isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, str | int | Decimal):
        text = str(value)
    else:
        raise TypeError
    if not is_id(text) or REPLACEMENT in text:
        raise ValueError
    return text


_READERS: dict[Kind, Callable[[Any], Value]] = {
    Kind.INTEGER: _read_integer,
    Kind.FLAG: _read_flag,
    Kind.MONEY: _read_money,
    Kind.TEXT: _read_text,
    Kind.INSTANT: _read_instant,
    Kind.ID: _read_id,
}
