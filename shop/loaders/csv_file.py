"""Strict reader of CSV files: what does not follow RFC 4180 is refused with its line, never guessed at."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from shop.loaders.validation import InvalidShopError

if TYPE_CHECKING:
    import _csv

ROWS_AT_ONCE = 50_000
LONGEST_CELL = 2**31 - 1
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SAVE_AS_UTF_8 = "In Excel choose 'CSV UTF-8 (comma delimited)' when saving."

Line = tuple[int, list[str]]


def read_csv_file(path: Path) -> tuple[pl.DataFrame, pl.Series]:
    """Read a CSV file as text, without the rows in which nothing stands.

    Args:
        path: UTF-8 with or without a byte order mark, or UTF-16 with one; commas; names in the first line.

    Returns:
        The rows, and the line of the file that each of them begins on.

    Raises:
        InvalidShopError: the file is empty or breaks a rule, with the line.
    """
    with _open_lines(path) as lines:
        names = _read_names(path, next(lines, (1, [])))
        frames, numbers = [pl.DataFrame(schema=dict.fromkeys(names, pl.String()))], [pl.Series(dtype=pl.Int64)]
        while piece := list(islice(lines, ROWS_AT_ONCE)):
            _refuse_ragged(path, names, piece)
            frames.append(pl.DataFrame([cells for _, cells in piece], schema=frames[0].schema, orient="row"))
            numbers.append(pl.Series([number for number, _ in piece], dtype=pl.Int64))
    return pl.concat(frames), pl.concat(numbers)


def read_column_names(path: Path) -> list[str]:
    """Read the first line of a CSV file.

    Raises:
        InvalidShopError: see `read_csv_file`.
    """
    with _open_lines(path) as lines:
        return _read_names(path, next(lines, (1, [])))


@contextmanager
def _open_lines(path: Path) -> Iterator[Iterator[Line]]:
    try:
        with path.open(encoding=_find_encoding(path), newline="") as file:
            yield read_lines(csv.reader(file, strict=True), path.name, _refuse_file)
    except UnicodeDecodeError as error:
        raise InvalidShopError(f"{path.name}, line {_find_line(path)}: not UTF-8. {SAVE_AS_UTF_8}") from error
    except OSError as error:
        raise InvalidShopError(f"{path.name} cannot be read: {error.strerror}") from error


def _find_encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in UTF_16_MARKS else "utf-8-sig"


def _find_line(path: Path) -> int:
    """Find the first line with bytes that are not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def read_lines(reader: "_csv.Reader", name: str, refuse: Callable[[str], object]) -> Iterator[Line]:
    """Yield the rows in which something stands, each with the line that it begins on.

    Args:
        reader: strict, at the file's beginning.
        name: of the file.
        refuse: told of each row whose quotation marks are broken; if it returns, the rows after it follow.
    """
    csv.field_size_limit(LONGEST_CELL)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            refuse(f"{name}, line {begins}: {error}. A quotation mark inside a quoted text is written twice")
            continue
        if any(cell.strip() for cell in cells):
            yield begins, cells


def _refuse_file(words: str) -> None:
    raise InvalidShopError(f"{words}.")


def _read_names(path: Path, line: Line) -> list[str]:
    names = [name.strip() for name in line[1]]
    if not names:
        raise InvalidShopError(f"{path.name} is empty: names of columns stand in its first line")
    if len(names) == 1 and (found := [word for mark, word in OTHER_SEPARATORS.items() if mark in names[0]]):
        raise InvalidShopError(f"{path.name} is separated by {found[0]}; save it with commas. {SAVE_AS_UTF_8}")
    if twice := [name for place, name in enumerate(names) if name and name in names[:place]]:
        raise InvalidShopError(f"{path.name} has two columns named {twice[0]!r}")
    return [name or f"column {place}" for place, name in enumerate(names, start=1)]


def _refuse_ragged(path: Path, names: list[str], piece: list[Line]) -> None:
    for number, cells in piece:
        if len(cells) != len(names):
            raise InvalidShopError(
                f"{path.name}, line {number}: {len(cells)} values, but the first line names {len(names)} columns. "
                "A value with a comma in it stands in quotation marks."
            )
