"""Check of a mapping against a shop: row counts, samples, keys, indexes, and what each missing field costs.

Reads with SELECT alone. What can be timed is timed: a table without a change column is compared by checksum in each
sync, at about the speed at which its first rows are read here.
"""

import time
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError, NoSuchTableError

from shop.failures import describe, is_transient
from shop.mapping.canonical import (
    CANONICAL_TABLES,
    MAX_KEY,
    PLATFORM_TABLES,
    SHARES,
    UPDATED_AT,
    CanonicalTable,
    Kind,
)
from shop.mapping.inspection import find_tables_without_snapshots, inspect_section
from shop.mapping.model import ShopMapping
from shop.mapping.sections import Section
from shop.mapping.select import build_source, build_sources
from shop.mapping.unseen_rows import count_left_out, count_waiting
from shop.money import DOLLAR, Currency

SAMPLE_ROWS = 3
TIMED_ROWS = 20_000
SHOWN_CHARACTERS = 24
NAMED_ORDERS = 3


@dataclass(frozen=True)
class TableCheck:
    """What was seen of one canonical table.

    Attributes:
        name: of the canonical table.
        num_rows: that the mapping lets through; None if it could not be read.
        sample: some rows, as the fields come out.
        unseen: rows that the mapping leaves out, and rows that wait for a parent, each kind with its number.
        costs: what missing fields cost, and what is slow.
        faults: what makes a sync impossible.
    """

    name: str
    num_rows: int | None = None
    sample: tuple[dict[str, Any], ...] = ()
    unseen: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappingCheck:
    """What was seen of a shop; `faults` concern all of it."""

    tables: tuple[TableCheck, ...]
    faults: tuple[str, ...]

    @property
    def is_usable(self) -> bool:
        """Return whether a sync can run."""
        return not self.faults and not any(table.faults for table in self.tables)

    def to_text(self) -> str:
        """Write the check for a person."""
        lines: list[str] = []
        for table in self.tables:
            lines.append(f"[{table.name}] " + ("not read" if table.num_rows is None else f"{table.num_rows:,} rows"))
            lines += [f"    {show_row(row)}" for row in table.sample]
            lines += [f"  {line}" for line in (*table.unseen, *table.costs)]
        faults = [*self.faults, *(fault for table in self.tables for fault in table.faults)]
        lines += [f"WRONG: {fault}" for fault in faults]
        return "\n".join([*lines, "a sync can run" if not faults else f"{len(faults)} to correct, then check again"])


def check_shop(connection: Connection, mapping: ShopMapping, currency: Currency = DOLLAR) -> MappingCheck:
    """Hold a shop against a mapping; everything that is wrong is found in one go.

    Args:
        connection: to the shop.
        mapping: what its tables mean.
        currency: of its prices.

    Raises:
        sqlalchemy.exc.DBAPIError: the shop cannot be reached.
    """
    tables: list[TableCheck] = []
    for canonical in CANONICAL_TABLES:
        if canonical.name in PLATFORM_TABLES:
            continue
        readable = {table.name for table in tables if not table.faults}
        tables.append(_check_table(connection, mapping.describe(canonical), mapping, readable, currency))
    return MappingCheck(tuple(tables), tuple(find_tables_without_snapshots(connection, mapping)))


def _check_table(
    connection: Connection,
    canonical: CanonicalTable,
    mapping: ShopMapping,
    readable: Set[str],
    currency: Currency,
) -> TableCheck:
    """Hold one table against its section; `readable` names the parents that can be looked into."""
    section = mapping.section(canonical.name)
    if section is None:
        return TableCheck(canonical.name, 0, costs=("no section: the platform sees none of them",))
    wrong, warnings = inspect_section(connection, canonical, section)
    if wrong:
        return TableCheck(canonical.name, faults=tuple(wrong))
    source, key = build_source(canonical, section, connection.dialect.name).sql, canonical.key
    is_text = section.ids == "text"
    compared = f"CAST({key} AS {'BLOB' if connection.dialect.name == 'sqlite' else 'BINARY'})" if is_text else key
    try:
        count, low, high, num_keys = _fetch(
            connection, f"SELECT COUNT(*), MIN({key}), MAX({key}), COUNT(DISTINCT {compared}) FROM {source}"
        )[0].values()
        sample = _fetch(connection, f"SELECT * FROM {source} ORDER BY {key} DESC LIMIT {SAMPLE_ROWS}")
        rate = _time_rows(connection, source)
        unseen = _list_unseen(connection, canonical, mapping, readable)
        odd = _describe_odd_orders(connection, canonical, source)
        odd += _describe_fine_amounts(connection, canonical, source, currency)
    except DBAPIError as err:
        if is_transient(err):
            raise
        return TableCheck(canonical.name, faults=(f"[{canonical.name}] cannot be read: {describe(err)}",))
    faults = [
        f"[{canonical.name}] {key}: {one}" for one in _find_key_faults(count, low, high, num_keys, is_text=is_text)
    ]
    costs = [*odd, *_list_costs(canonical, section, count / rate), *warnings]
    costs += _find_missing_indexes(connection, canonical, section)
    return TableCheck(canonical.name, count, tuple(sample), tuple(unseen), tuple(costs), tuple(faults))


def _list_unseen(
    connection: Connection, canonical: CanonicalTable, mapping: ShopMapping, readable: Set[str]
) -> list[str]:
    left_out = count_left_out(connection, mapping.sections[canonical.name])
    waiting = count_waiting(connection, canonical, build_sources(mapping, connection.dialect.name), readable)
    return [
        *(f"left out, {name}: {count:,} rows" for name, count in left_out.items()),
        *(f"{count:,} rows wait: no row has the {field} that they name" for field, count in waiting.items()),
    ]


def _describe_odd_orders(connection: Connection, canonical: CanonicalTable, source: str) -> list[str]:
    """Count the orders without a user, and those dated in the future, by the server's clock; name some of these."""
    if canonical.name != "orders":
        return []
    is_to_come = "ordered_at > CURRENT_TIMESTAMP"
    [found] = _fetch(
        connection,
        "SELECT COUNT(CASE WHEN user_id IS NULL THEN 1 END) AS guests, "
        f"COUNT(CASE WHEN {is_to_come} THEN 1 END) AS to_come FROM {source}",
    )
    told = []
    if found["guests"]:
        told.append(
            f"{found['guests']:,} orders of guests: their baskets teach what goes together, and make no shopper"
        )
    if found["to_come"]:
        latest = _fetch(
            connection,
            f"SELECT order_id FROM {source} WHERE {is_to_come} ORDER BY ordered_at DESC LIMIT {NAMED_ORDERS}",
        )
        named = ", ".join(str(row["order_id"]) for row in latest)
        told.append(f"{found['to_come']:,} orders dated in the future, of them {named}: each counts from its day on")
    return told


def _describe_fine_amounts(
    connection: Connection, canonical: CanonicalTable, source: str, currency: Currency
) -> list[str]:
    """Count the amounts that are finer than the currency's smallest unit, which pages show rounded to it."""
    fields = [field.name for field in canonical.columns if field.kind is Kind.MONEY and field.name not in SHARES]
    if not fields:
        return []
    decimals = currency.decimals
    counts = ", ".join(f"COUNT(CASE WHEN {name} <> ROUND({name}, {decimals}) THEN 1 END) AS {name}" for name in fields)
    [found] = _fetch(connection, f"SELECT {counts} FROM {source}")
    return [
        f"{name}: {count:,} amounts are finer than {currency.minor_unit} {currency.code} (CURRENCY), and rounded to it"
        for name, count in found.items()
        if count
    ]


def _find_key_faults(count: int, low: Any, high: Any, num_keys: int, *, is_text: bool) -> list[str]:
    if not count:
        return []
    remedy = 'write ids = "text" in this section'
    if not is_text and (not isinstance(low, int) or not isinstance(high, int)):
        return [f"{low!r} is no whole number: for ids of text, such as UUIDs, {remedy}"]
    if not is_text and high > MAX_KEY:
        return [f"{high} is beyond 63 bits: {remedy}"]
    if num_keys != count:
        return [f"{count - num_keys:,} rows have no key, or one that stands on several rows: let it have one row a key"]
    return []


def _list_costs(canonical: CanonicalTable, section: Section, seconds: float) -> list[str]:
    """Say what each field costs that the shop does not have."""
    costs = []
    for one in canonical.columns:
        if one.name in section.columns or one.absence is None:
            continue
        time_taken = f", about {max(seconds, 0.1):,.1f} s a run" if one.name == UPDATED_AT else ""
        costs.append(f"no {one.name}: {one.absence.cost}{time_taken}")
    return costs


def _find_missing_indexes(connection: Connection, canonical: CanonicalTable, section: Section) -> list[str]:
    """Name key and change column where no index begins with them; of a SELECT, look in each table that it reads."""
    inspector = inspect(connection)
    first: set[str] = set()
    for name in section.tables:
        schema, _, table = name.rpartition(".")
        try:
            first.update(inspector.get_pk_constraint(table, schema or None)["constrained_columns"][:1])
            first.update(
                column
                for one in inspector.get_indexes(table, schema or None)
                for column in one["column_names"][:1]
                if column
            )
        except NoSuchTableError:
            continue
    wanted = [(canonical.key, "reading by key"), (UPDATED_AT, "looking for changes")]
    given = [(section.columns[name].names, work) for name, work in wanted if name in section.columns]
    return [
        f"no index begins with {' or '.join(names)}: {work} walks the whole table"
        for names, work in given
        if names and first.isdisjoint(names)
    ]


def _time_rows(connection: Connection, source: str) -> float:
    """Return how many rows a second come out of a source."""
    begun = time.monotonic()
    num_rows = len(_fetch(connection, f"SELECT * FROM {source} LIMIT {TIMED_ROWS}"))
    return max(num_rows, 1) / max(time.monotonic() - begun, 1e-3)


def _fetch(connection: Connection, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(sql).mappings()]


def show_row(row: dict[str, Any]) -> str:
    """Write a row on one line; long texts are cut."""
    shown = (f"{name}={_show(value)}" for name, value in row.items() if value is not None)
    return " ".join(shown)


def _show(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
