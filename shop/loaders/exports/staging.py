"""CSV files of a folder as tables of a database in memory; rows that cannot be read are set aside with their lines."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from shop.loaders.csv_file import ROWS_AT_ONCE, Line, read_lines
from shop.loaders.exports.encoding import find_encoding, find_separator
from shop.loaders.exports.values import describe_kind, read_values
from shop.mapping.files import LINE, FileKind, FileTable

SHOWN_CHARACTERS = 60
CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "cp949": "cp949", "latin-1": "cp1252"}
NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp949": "CP949 (Korean)", "cp1252": "Windows-1252 (Latin-1)"}
SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_SET_ASIDE = 0.1
"""Share of a file's rows that may be odd ones; with more of them the mapping does not fit the file."""
_TYPES: dict[FileKind, str] = {"text": "TEXT", "number": "REAL", "integer": "INTEGER", "instant": "TEXT"}


@dataclass
class FileReport:
    """What was seen of one file.

    Attributes:
        name: of the file.
        written: encoding and separator, for a person.
        num_rows: that were read.
        set_aside: rows that were not, each with its line and what is odd about it.
        faults: what forbids to read the file.
    """

    name: str
    written: str = ""
    num_rows: int = 0
    set_aside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def stage_files(
    connection: Connection, folder: Path, table_name: str, table: FileTable, most_rows: int | None = None
) -> list[FileReport]:
    """Make one table of all files that fit its pattern.

    Args:
        connection: to a database of SQLite that nobody else uses.
        folder: of the files.
        table_name: name of the table; its columns are those of the mapping, and `line`.
        table: says how the files are written.
        most_rows: of each file; all if not given.

    Returns:
        A report of each file, also of those that cannot be read; one with a fault if none fits.
    """
    columns = ", ".join(f'"{name}" {_TYPES[column.kind]}' for name, column in table.columns.items())
    connection.exec_driver_sql(f'CREATE TABLE "{table_name}" ({columns}, {LINE} INTEGER NOT NULL)')
    paths = sorted(path for path in folder.glob(table.file) if path.is_file())
    if not paths:
        return [FileReport(table.file, faults=[f"{folder} has no file {table.file}, which [files.{table_name}] reads"])]
    return [_stage_file(connection, path, table_name, table, most_rows) for path in paths]


def _stage_file(
    connection: Connection, path: Path, table_name: str, table: FileTable, most_rows: int | None
) -> FileReport:
    report = FileReport(path.name)
    try:
        codec = CODECS[table.encoding] if table.encoding else find_encoding(path)
        with path.open(encoding=codec, newline="") as file:
            separator = table.separator or find_separator(file.readline())
            file.seek(0)
            report.written = f"{NAMES.get(codec, 'Latin-1')}, {SEPARATOR_NAMES[separator]}"
            reader = csv.reader(file, strict=True, delimiter=separator)
            lines = read_lines(reader, report.name, report.faults.append)
            lines = lines if most_rows is None else islice(lines, 1 + most_rows)
            _stage_lines(connection, lines, report, table_name, table)
    except UnicodeError as error:
        report.faults.append(f"{path.name} is not {table.encoding}, as [files.{table_name}] says: {error}")
    except OSError as error:
        report.faults.append(f"{path.name} cannot be read: {error.strerror}")
    report.faults += refuse_many(path.name, report.set_aside, report.num_rows)
    return report


def refuse_many(place: str, set_aside: list[str], num_rows: int) -> list[str]:
    """Return a fault if more rows than odd ones were set aside; `num_rows` were not."""
    num_in_all = num_rows + len(set_aside)
    if len(set_aside) < 2 or len(set_aside) <= MOST_SET_ASIDE * num_in_all:
        return []
    shown = "; ".join(set_aside[:3])
    return [f"{place}: {len(set_aside):,} of {num_in_all:,} rows cannot be read, more than odd ones: {shown}"]


def _stage_lines(
    connection: Connection, lines: Iterator[Line], report: FileReport, table_name: str, table: FileTable
) -> None:
    header = [name.strip() for name in next(lines, (1, []))[1]]
    places = {name: header.index(column.header) for name, column in table.columns.items() if column.header in header}
    report.faults += [
        f"{report.name} has no column {column.header!r}; it has {', '.join(header) or 'nothing in it'}"
        for name, column in table.columns.items()
        if name not in places and not column.optional
    ]
    report.faults += [
        f"{report.name} has two columns {column.header!r}"
        for column in table.columns.values()
        if header.count(column.header) > 1
    ]
    marks = ", ".join("?" * (len(places) + 1))
    names = ", ".join(f'"{name}"' for name in (*places, LINE))
    statement = f'INSERT INTO "{table_name}" ({names}) VALUES ({marks})'  # noqa: S608, names by pattern
    while piece := list(islice(lines, ROWS_AT_ONCE)):
        frame = _read_piece(piece, len(header), places, report, table)
        if not frame.is_empty() and not report.faults:
            connection.exec_driver_sql(statement, frame.rows())
        report.num_rows += len(frame)


def _read_piece(
    piece: list[Line], width: int, places: dict[str, int], report: FileReport, table: FileTable
) -> pl.DataFrame:
    """Read the values of some rows; those that cannot be read are named in the report, and left out."""
    whole = [(number, cells) for number, cells in piece if len(cells) == width]
    odd = [
        (number, f"{len(cells)} values, but the first line names {width} columns")
        for number, cells in piece
        if len(cells) != width
    ]
    numbers = pl.Series(LINE, [number for number, _ in whole], dtype=pl.Int64)
    is_odd = pl.repeat(False, len(whole), eager=True)
    columns = []
    for name, place in places.items():
        column = table.columns[name]
        texts = pl.Series(name, [cells[place] for _, cells in whole], dtype=pl.String)
        read, wrong = read_values(texts, column, table)
        shown = f"column {column.header!r}: {{!r}} is not {describe_kind(column, table)}"
        odd += [(numbers[at], shown.format(texts[at][:SHOWN_CHARACTERS])) for at in wrong.arg_true()]
        is_odd |= wrong
        columns.append(_spell(read).alias(name))
    report.set_aside += [f"{report.name}, line {number}: {why}" for number, why in sorted(odd)]
    return pl.DataFrame([*columns, numbers]).filter(~is_odd)


def _spell(values: pl.Series) -> pl.Series:
    """Write instants as SQLite compares them, in UTC to the microsecond."""
    return values.dt.strftime("%Y-%m-%d %H:%M:%S%.6f") if values.dtype == pl.Datetime("us", "UTC") else values
