"""Hold frames to the canonical tables: types, missing values, keys, references, ranges.

Errors name file, column and row as the person who made the file sees them.
"""

from collections.abc import Iterator, Mapping
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


def set_aside_rows(
    table: Table, frame: pl.DataFrame, decimals: int, known: Mapping[str, pl.Series]
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Check a frame as `validate_frame` does, and take out the rows that break a rule.

    Args:
        table: what the frame should hold; it has the required columns.
        frame: the rows; a column that it has says of each row what is in it, unless it is one that may be empty.
        decimals: of the shop's currency, which amounts of money are rounded to.
        known: the values that each "table.column" may be referred to by.

    Returns:
        The rest in the canonical types, and the index of each row that is not in it, with what is wrong.
    """
    is_wrong, reasons, read = pl.repeat(False, len(frame), eager=True), [], {}
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        values = frame[column.name]
        given = blank_to_null(values, column)
        read[column.name] = read_column(given, column, decimals)
        for broken, problem in _find_broken(given, read[column.name], column, known, must_be_full=True):
            found = broken.fill_null(False)
            is_wrong |= found
            reasons += [(at, f"{column.name}: {_show(values[at])} {problem}") for at in found.arg_true()]
    checked = pl.DataFrame(read)
    is_repeat = ~checked[table.key].is_first_distinct() & checked[table.key].is_not_null()
    reasons += [(at, f"{table.key} stands there twice") for at in is_repeat.arg_true()]
    return checked.filter(~(is_wrong | is_repeat)), sorted(reasons)


def _validate_column(
    values: pl.Series, column: Column, origin: Origin, known: Mapping[str, pl.Series], must_be_full: bool
) -> pl.Series:
    """Read one column and check each of its values."""
    given = blank_to_null(values, column)
    read = read_column(given, column, origin.decimals)
    for is_wrong, problem in _find_broken(given, read, column, known, must_be_full=must_be_full):
        _refuse(is_wrong, values, problem, column, origin)
    return read


def _find_broken(
    given: pl.Series, read: pl.Series, column: Column, known: Mapping[str, pl.Series], *, must_be_full: bool
) -> Iterator[tuple[pl.Series, str]]:
    """Hold a column to each of its rules: which values break it (null = not known), and how."""
    yield read.is_null() & given.is_not_null(), f"is not {EXPECTED[column.kind]}"
    if not column.nullable and (must_be_full or column.is_required):
        yield given.is_null(), "is missing"
    if column.minimum is not None:
        yield read < column.minimum, f"is below {column.minimum}"
    if column.maximum is not None:
        yield read > column.maximum, f"is above {column.maximum}"
    if column.max_length is not None:
        yield read.str.len_chars() > column.max_length, f"is longer than {column.max_length}"
    if column.choices:
        yield ~read.is_in(list(column.choices)), f"is none of {', '.join(column.choices)}"
    if column.references and column.references in known:
        table = column.references.split(".")[0]
        yield ~read.is_in(known[column.references].implode()), f"is not in {table}"


def _refuse(is_wrong: pl.Series, values: pl.Series, problem: str, column: Column, origin: Origin) -> None:
    """Raise for the first row that is wrong; a null verdict (of a missing value) is not."""
    if not is_wrong.any():
        return
    index = is_wrong.fill_null(False).arg_max() or 0
    num_more = int(is_wrong.sum()) - 1
    more = f" (and {num_more} more rows)" if num_more else ""
    raise InvalidShopError(
        f"{origin.name}, column {column.name!r}, {origin.locate(index)}: {_show(values[index])} {problem}{more}"
    )


def _show(value: object) -> str:
    return "the value" if value is None else repr(value[:80] if isinstance(value, str) else value)


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
