"""Canonical tables of a folder of exports: what its mapping makes of the files, what it leaves out, what is odd."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from shop.database import open_engine
from shop.failures import describe
from shop.loaders.canonical import TABLES, Table
from shop.loaders.completion import complete_tables
from shop.loaders.exports.staging import FileReport, refuse_many, stage_files
from shop.loaders.text_ids import TextIds
from shop.loaders.validation import InvalidShopError, set_aside_rows
from shop.loaders.writing import RowBatch
from shop.mapping.canonical import CANONICAL_TABLES, CanonicalTable
from shop.mapping.inspection import inspect_section, inspect_shop
from shop.mapping.model import ShopMapping
from shop.mapping.sections import Section
from shop.mapping.select import build_source
from shop.mapping.unseen_rows import count_left_out

SHOWN_ROWS = 10
FIRST_ROWS = 1000
"""Of each file, for a check that takes a second at any size."""
TEXT_ID = "text_id"
"""Function of the mapping's SQL: `text_id(kind, text)` is the whole number of an id."""


@dataclass
class ExportedTable:
    """One canonical table.

    Attributes:
        frame: its rows in the canonical types, with the columns that the mapping has; none if a fault forbade it.
        left_out: rows that the mapping leaves out, by what it calls them.
        set_aside: rows that break a rule, each with its id and the rule.
        faults: what forbids to read it.
    """

    frame: pl.DataFrame
    left_out: dict[str, int] = field(default_factory=dict)
    set_aside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Export:
    """A folder of exports, read."""

    files: list[FileReport]
    tables: dict[str, ExportedTable]

    @property
    def faults(self) -> list[str]:
        """List all that forbids to load it."""
        of_files = [fault for file in self.files for fault in file.faults]
        return of_files + [fault for table in self.tables.values() for fault in table.faults]


def read_export(folder: Path, mapping: ShopMapping, ids: TextIds, decimals: int) -> Export:
    """Read a folder through a mapping; everything that is wrong with it is found in one go.

    Args:
        folder: of the files.
        mapping: says what they mean.
        ids: gives the numbers of ids of text.
        decimals: of the shop's currency, which amounts of money are rounded to.

    Raises:
        InvalidShopError: this is no folder, or the mapping is one of a database.
    """
    with _staged(folder, mapping, ids) as (connection, files):
        has_faults = any(report.faults for report in files)
        return Export(files, {} if has_faults else _read_tables(connection, mapping, ids, decimals))


def find_export_faults(folder: Path, mapping: ShopMapping) -> list[str]:
    """Look at the files, their columns and their first rows alone; a whole load checks all of them.

    Returns:
        What forbids a load, of all files.

    Raises:
        InvalidShopError: see `read_export`.
    """
    with _staged(folder, mapping, TextIds(), FIRST_ROWS) as (connection, files):
        if faults := [fault for file in files for fault in file.faults]:
            return faults
        return inspect_shop(connection, mapping)[0]


@contextmanager
def _staged(
    folder: Path, mapping: ShopMapping, ids: TextIds, most_rows: int | None = None
) -> Iterator[tuple[Connection, list[FileReport]]]:
    """Make the files tables of a database in memory, which lasts as long as the block."""
    if not folder.is_dir():
        raise InvalidShopError(f"{folder} is no folder")
    if not mapping.files:
        raise InvalidShopError("the mapping has no [files]: it reads a database")
    engine = open_engine("sqlite://")
    try:
        with engine.begin() as connection:
            driver: Any = connection.connection.driver_connection
            driver.create_function(TEXT_ID, 2, ids.number_of, deterministic=True)
            yield (
                connection,
                [
                    report
                    for name, table in mapping.files.items()
                    for report in stage_files(connection, folder, name, table, most_rows)
                ],
            )
    finally:
        engine.dispose()


def build_export_shop(
    folder: Path, mapping: ShopMapping, ids: TextIds, report: Callable[[str], None], decimals: int
) -> Iterator[RowBatch]:
    """Read a folder through a mapping, say what was left out or set aside, then hand over the whole shop.

    Args:
        folder: of the files.
        mapping: says what they mean.
        ids: gives the numbers of ids of text.
        report: gets a line for each file, and for each kind of row that does not come in.
        decimals: of the shop's currency.

    Raises:
        InvalidShopError: a file or the mapping cannot be used; all faults are named.
    """
    export = read_export(folder, mapping, ids, decimals)
    for line in describe_unseen(export):
        report(line)
    if export.faults:
        raise InvalidShopError("; ".join(export.faults))
    frames = {name: table.frame for name, table in export.tables.items()}
    yield from (RowBatch(name, frame) for name, frame in complete_tables(frames).items())


def describe_unseen(export: Export, most: int = SHOWN_ROWS) -> list[str]:
    """Write for a person what the files are, and which rows do not come in; of each kind `most` by line or id."""
    lines = []
    for file in export.files:
        lines += [f"{file.name}: {file.written}, {file.num_rows:,} rows"] if file.written else []
        lines += _list_set_aside(file.name, file.set_aside, most)
    for name, table in export.tables.items():
        lines += [f"{name}: left out, {why}: {count:,} rows" for why, count in table.left_out.items() if count]
        lines += _list_set_aside(name, table.set_aside, most)
    return lines


def _list_set_aside(place: str, reasons: list[str], most: int) -> list[str]:
    if not reasons:
        return []
    more = [f"  ... and {len(reasons) - most:,} more"] if len(reasons) > most else []
    return [f"{place}: {len(reasons):,} rows set aside", *(f"  {why}" for why in reasons[:most]), *more]


def _read_tables(connection: Connection, mapping: ShopMapping, ids: TextIds, decimals: int) -> dict[str, ExportedTable]:
    """Read the tables, parents before children, so that a row without its parent is known when it is met."""
    described = {canonical.name: canonical for canonical in CANONICAL_TABLES}
    tables: dict[str, ExportedTable] = {}
    known: dict[str, pl.Series] = {}
    for table in TABLES:
        section = mapping.section(table.name)
        if section is None:
            continue
        faults = inspect_section(connection, described[table.name], section)[0] if section.select else []
        read = ExportedTable(pl.DataFrame(), faults=faults)
        if not faults:
            read = _read_table(connection, described[table.name], section, table, (ids, decimals, known))
        tables[table.name] = read
        if table.key in read.frame.columns:
            known[f"{table.name}.{table.key}"] = read.frame[table.key]
    return tables


def _read_table(
    connection: Connection,
    canonical: CanonicalTable,
    section: Section,
    table: Table,
    given: tuple[TextIds, int, dict[str, pl.Series]],
) -> ExportedTable:
    ids, decimals, known = given
    names = [name for name in table.column_names if name in section.columns]
    try:
        source = build_source(canonical, section, connection.dialect.name).sql
        fields = ", ".join(map(_spell, names))
        rows = connection.exec_driver_sql(f"SELECT {fields} FROM {source}").fetchall()  # noqa: S608
        left_out = count_left_out(connection, section)
    except DBAPIError as err:
        return ExportedTable(pl.DataFrame(), faults=[f"[{table.name}] cannot be read: {describe(err)}"])
    frame = pl.DataFrame(list(map(tuple, rows)), schema=dict.fromkeys(names, pl.String()), orient="row")
    checked, reasons = set_aside_rows(table, frame, decimals, known)
    texts = ids.list_texts(table.name) if reasons else {}
    named = [f"{table.name} {_name_row(frame[table.key][at], texts)}: {why}" for at, why in reasons]
    return ExportedTable(checked, left_out, named, refuse_many(table.name, named, len(checked)))


def _spell(name: str) -> str:
    """Read a value as text, in SQL; a fraction to the millionth, which hides what floats add."""
    rounded = f"ROUND({name}, 6)"
    return f"CAST(CASE TYPEOF({name}) WHEN 'real' THEN {rounded} ELSE {name} END AS TEXT)"


def _name_row(key: str | None, texts: dict[int, str]) -> str:
    """Name a row by its id, as the file has it where it is a text."""
    if key is None or not key.isdecimal():
        return "without an id" if key is None else key
    return repr(texts[int(key)]) if int(key) in texts else key
