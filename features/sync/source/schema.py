"""Schema check before a run's first write: does the shop still have the columns that are synced, as they must be?

A column that is missing, of another kind or newly nullable, a key that is not unique or a table without snapshots stops
the run and is named. Extra columns do not cross and are a warning, and so is a server whose clock is not in UTC.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, inspect, text, types
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import NoSuchTableError

from features.sync.source.columns import Kind, SyncedColumn, SyncedTable
from features.sync.source.session import SourceError
from shop.money import DIGITS, MOST_DECIMALS


class SchemaDriftError(SourceError):
    """The shop's tables are not what the sync was written for."""


def require_columns(connection: Connection, tables: tuple[SyncedTable, ...]) -> list[str]:
    """Compare the shop's columns with those that cross.

    Returns:
        A warning for each table with columns that do not cross.

    Raises:
        SchemaDriftError: something is missing or changed; the message lists all of it.
    """
    inspector = inspect(connection)
    faults = _find_tables_without_snapshots(connection, tables)
    warnings = _warn_of_time_zone(connection)
    for table in tables:
        try:
            found = {column["name"]: column for column in inspector.get_columns(table.name)}
        except NoSuchTableError:
            faults.append(f"table {table.name} is missing")
            continue
        faults += [fault for column in table.columns if (fault := _find_fault(table, column, found))]
        if not _is_unique(inspector, table):
            faults.append(f"{table.name}.{table.key} is not the primary key, nor unique")
        if extra := sorted(found.keys() - {column.name for column in table.columns}):
            warnings.append(f"{table.name} has columns that do not cross: {', '.join(extra)}")
    if faults:
        raise SchemaDriftError(
            f"The shop's tables have changed, nothing was written: {'; '.join(faults)}. "
            "Restore them, or run `python -m shop.migrate` if the shop is older than this code."
        )
    return warnings


def _find_tables_without_snapshots(connection: Connection, tables: tuple[SyncedTable, ...]) -> list[str]:
    """Name the tables of MySQL that are not kept in InnoDB, the engine whose snapshots are real."""
    if connection.dialect.name == "sqlite":
        return []
    statement = text(
        "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() "
        "AND table_name IN :names AND engine <> 'InnoDB' ORDER BY table_name"
    ).bindparams(bindparam("names", expanding=True))
    found = connection.execute(statement, {"names": [table.name for table in tables]})
    return [
        f"table {name} is kept in {engine}, which has no snapshots (ALTER TABLE {name} ENGINE=InnoDB)"
        for name, engine in found
    ]


def _warn_of_time_zone(connection: Connection) -> list[str]:
    """Warn of a server that stamps DATETIME in a zone of its own, unless the shop's sessions choose UTC."""
    if connection.dialect.name == "sqlite":
        return []
    minutes, zone = connection.exec_driver_sql(
        "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)), "
        "IF(@@global.time_zone = 'SYSTEM', @@system_time_zone, @@global.time_zone)"
    ).one()
    if minutes == 0:
        return []
    return [
        f"the shop's server keeps time in {zone}: DATETIME columns must hold UTC, so each session of the shop that "
        "writes must set time_zone '+00:00' (or the server do so for all)"
    ]


def _find_fault(table: SyncedTable, column: SyncedColumn, found: Mapping[str, ReflectedColumn]) -> str | None:
    name = f"{table.name}.{column.name}"
    if column.name not in found:
        return f"{name} is missing"
    declared = found[column.name]
    if not _holds(declared["type"], column.kind):
        return f"{name} should hold {column.kind.value}, but is {declared['type']!r}"
    if declared["nullable"] and not column.is_nullable and column.name != table.key:
        return f"{name} may be NULL now, which it never was"
    return None


def _holds(declared: types.TypeEngine[Any], kind: Kind) -> bool:
    """Return whether every value of a declared type crosses without loss as this kind."""
    if kind in (Kind.INTEGER, Kind.FLAG):
        return isinstance(declared, types.Integer | types.Boolean)
    if kind is Kind.TEXT:
        return isinstance(declared, types.String)
    if kind is Kind.INSTANT:
        return isinstance(declared, types.DateTime)
    if not isinstance(declared, types.Numeric) or isinstance(declared, types.Float):
        return False
    scale = declared.scale or 0
    return scale <= MOST_DECIMALS and (declared.precision or 0) - scale <= DIGITS - MOST_DECIMALS


def _is_unique(inspector: Inspector, table: SyncedTable) -> bool:
    if inspector.get_pk_constraint(table.name)["constrained_columns"] == [table.key]:
        return True
    indexes = inspector.get_indexes(table.name)
    return any(index["unique"] and index["column_names"] == [table.key] for index in indexes)
