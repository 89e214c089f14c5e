"""Hold frames to the canonical tables: types, missing values, keys, references, ranges.

Errors name file, column and row as the person who made the file sees them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from shop.loaders.canonical import Column, Table
from shop.loaders.reading import EXPECTED, blank_to_null, read_column
from shop.money import DEFAULT_DECIMALS


class InvalidShopError(ValueError):
    """The rows handed over are not a shop; the message says where and what to do."""


@dataclass(frozen=True)
class Origin:
    """Where a frame came from, to speak of its rows.

    Attributes:
        name: the file's name, or the table's.
        lines: on which line of the file each row begins, where it has lines.
        first_row: how many rows of the table came before this frame.
        decimals: of the shop's currency, which amounts of money are rounded to.
    """

    name: str
    lines: pl.Series | None = None
    first_row: int = 0
    decimals: int = DEFAULT_DECIMALS

    def locate(self, index: int) -> str:
        """Name a row of the frame by its number, counted from 1."""
        row = self.first_row + index + 1
        return f"row {row}" if self.lines is None else f"row {row} (line {self.lines[index]} of the file)"


def validate_frame(
    table: Table, frame: pl.DataFrame, origin: Origin, known: Mapping[str, pl.Series], *, complete: bool
) -> pl.DataFrame:
    """Check a frame and give it the canonical types.

    Args:
        table: what the frame should hold.
        frame: the rows, of any types that can be read as the canonical ones; other columns are left out.
        origin: names the file in errors.
        known: the values that each "table.column" may be referred to by. One that is absent is not checked.
        complete: all columns must be there (the writer); otherwise only the required ones (files).

    Returns:
        The canonical columns that the frame has, in the table's order.

    Raises:
        InvalidShopError: the first rule that is broken, with file, column and row.
    """
    missing = [c.name for c in table.columns if c.name not in frame.columns and (complete or c.is_required)]
    if missing:
        has = ", ".join(frame.columns) or "no columns"
        raise InvalidShopError(f"{origin.name}: column {missing[0]!r} is missing; the file has {has}")
    columns = [column for column in table.columns if column.name in frame.columns]
    checked = pl.DataFrame(
        [
            _validate_column(frame[column.name], column, origin, known, complete or column.name == table.key)
            for column in columns
        ]
    )
    if table.key in checked.columns:
        _refuse_repeats(checked[table.key], origin)
    if table.name == "coupons":
        _validate_coupons(checked, origin)
    return checked


def _validate_column(
    values: pl.Series, column: Column, origin: Origin, known: Mapping[str, pl.Series], must_be_full: bool
) -> pl.Series:
    """Read one column and check each of its values."""
    given = blank_to_null(values, column)
    read = read_column(given, column, origin.decimals)
    _refuse(read.is_null() & given.is_not_null(), values, f"is not {EXPECTED[column.kind]}", column, origin)
    if not column.nullable and (must_be_full or column.is_required):
        _refuse(read.is_null(), values, "is missing", column, origin)
    if column.minimum is not None:
        _refuse(read < column.minimum, values, f"is below {column.minimum}", column, origin)
    if column.maximum is not None:
        _refuse(read > column.maximum, values, f"is above {column.maximum}", column, origin)
    if column.max_length is not None:
        _refuse(read.str.len_chars() > column.max_length, values, f"is longer than {column.max_length}", column, origin)
    if column.choices:
        _refuse(~read.is_in(list(column.choices)), values, f"is none of {', '.join(column.choices)}", column, origin)
    if column.references and column.references in known:
        table = column.references.split(".")[0]
        _refuse(~read.is_in(known[column.references].implode()), values, f"is not in {table}", column, origin)
    return read


def _refuse(is_wrong: pl.Series, values: pl.Series, problem: str, column: Column, origin: Origin) -> None:
    """Raise for the first row that is wrong; a null verdict (of a missing value) is not."""
    if not is_wrong.any():
        return
    index = is_wrong.fill_null(False).arg_max() or 0
    value = values[index]
    shown = "the value" if value is None else repr(value if not isinstance(value, str) else value[:80])
    num_more = int(is_wrong.sum()) - 1
    more = f" (and {num_more} more rows)" if num_more else ""
    raise InvalidShopError(f"{origin.name}, column {column.name!r}, {origin.locate(index)}: {shown} {problem}{more}")


def _refuse_repeats(key: pl.Series, origin: Origin) -> None:
    is_repeat = ~key.is_first_distinct() & key.is_not_null()
    if is_repeat.any():
        index = is_repeat.arg_max() or 0
        raise InvalidShopError(
            f"{origin.name}, column {key.name!r}, {origin.locate(index)}: {key[index]!r} stands there twice"
        )


def _validate_coupons(frame: pl.DataFrame, origin: Origin) -> None:
    """Check the rules that join two columns of a coupon."""
    too_much = (frame["discount_type"] == "percent") & (frame["discount_value"] > 100)
    ends_early = frame["valid_until"] <= frame["valid_from"]
    value, until = Column("discount_value", "money"), Column("valid_until", "instant")
    _refuse(too_much, frame["discount_value"].cast(pl.String), "is more than 100 percent", value, origin)
    _refuse(ends_early, frame["valid_until"].cast(pl.String), "is not after valid_from", until, origin)
    if "code" in frame.columns:
        _refuse_repeats(frame["code"], origin)
