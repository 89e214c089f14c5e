"""Inspection of a shop against a mapping: are the columns there, of types that cross without loss?

The sync runs it before its first write, and `python -m shop.map check` before anything else.
"""

from typing import Any

from pymysql.constants import FIELD_TYPE
from sqlalchemy import Connection, bindparam, inspect, select, text, types
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import DBAPIError, NoSuchTableError

from shop.failures import describe, is_transient
from shop.mapping.canonical import CANONICAL_TABLES, CanonicalTable, Field, Kind
from shop.mapping.model import ShopMapping
from shop.mapping.sections import ColumnMapping, Section
from shop.mapping.select import select_from, write_condition
from shop.money import DIGITS, MOST_DECIMALS

_INTEGERS = {FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG}
_DECIMALS = {FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL}
_INEXACT = {FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE}
_TEXTS = {
    FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.TINY_BLOB, FIELD_TYPE.MEDIUM_BLOB,
    FIELD_TYPE.LONG_BLOB, FIELD_TYPE.BLOB,
}  # fmt: skip
_SELECTED = {
    Kind.INTEGER: _INTEGERS,
    Kind.FLAG: _INTEGERS,
    Kind.MONEY: _INTEGERS | _DECIMALS,
    Kind.TEXT: _TEXTS,
    Kind.INSTANT: {FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP},
}


def inspect_shop(connection: Connection, mapping: ShopMapping) -> tuple[list[str], list[str]]:
    """Hold a shop's tables and columns against a mapping.

    Returns:
        Faults, each of which makes a sync impossible, and warnings.
    """
    faults = find_tables_without_snapshots(connection, mapping)
    warnings: list[str] = []
    for canonical in CANONICAL_TABLES:
        section = mapping.section(canonical.name)
        if section is not None:
            wrong, odd = inspect_section(connection, mapping.describe(canonical), section)
            faults += wrong
            warnings += odd
    return faults, warnings


def inspect_section(connection: Connection, canonical: CanonicalTable, section: Section) -> tuple[list[str], list[str]]:
    """Hold one table of a shop, as the mapping describes it, against its section.

    Returns:
        Faults, named by section and column, and warnings.
    """
    if section.table is None:
        faults = _inspect_select(connection, canonical, section)
        return faults or _find_condition_faults(connection, canonical, section), []
    inspector, (schema, _, table) = inspect(connection), section.table.rpartition(".")
    try:
        found = {column["name"]: column for column in inspector.get_columns(table, schema or None)}
    except NoSuchTableError:
        return [f"[{canonical.name}] table {section.table} is missing"], []
    except DBAPIError as err:
        if is_transient(err):
            raise
        return [f"[{canonical.name}] table {section.table}: {describe(err)}"], []
    given = _list_columns(canonical, section)
    faults = [
        f"[{canonical.name}] {section.table}.{name} {fault}{_advise_on_ids(canonical, field)}"
        for field, column in given
        for name in column.names
        if (fault := _find_fault(field, column, found.get(name), is_key=field.name == canonical.key))
    ]
    key = section.columns[canonical.key].names
    if section.where is None and found.keys() >= {*key} and not _is_unique(inspector, table, schema or None, key):
        faults.append(f"[{canonical.name}] {section.table}.{', '.join(key)} is not the primary key, nor unique")
    faults += _find_condition_faults(connection, canonical, section)
    own = {name for name, column in found.items() if "computed" not in column}  # what is generated says nothing new
    extra = sorted(own - {name for _field, column in given for name in column.names})
    return faults, [f"{section.table} has columns that do not cross: {', '.join(extra)}"] if extra else []


def _inspect_select(connection: Connection, canonical: CanonicalTable, section: Section) -> list[str]:
    """Ask the database which columns a SELECT has, and the server of which types."""
    place = f"[{canonical.name}]"
    try:
        result = connection.execute(select(text("*")).select_from(select_from(section)).limit(0))
        described = {one[0]: one for one in result.cursor.description or ()} if result.cursor is not None else {}
        result.close()
    except DBAPIError as err:
        if is_transient(err):
            raise
        return [f"{place} select: {describe(err)}"]
    faults = []
    for field, column in _list_columns(canonical, section):
        for name in column.names:
            found = described.get(name)
            if found is None:
                faults.append(f"{place} {field.name}: the select has no column {name}")
            elif connection.dialect.name != "sqlite" and not column.values and not _is_selectable(found, field, column):
                advice = f"CAST it in the select{_advise_on_ids(canonical, field)}"
                faults.append(f"{place} {field.name}: {name} should hold {field.kind.value}: {advice}")
    return faults


def _advise_on_ids(canonical: CanonicalTable, field: Field) -> str:
    """Say what to write where a column should hold whole numbers that are ids, and does not."""
    owner = {canonical.key: canonical.name, **canonical.parents}.get(field.name)
    return (
        f'; if these are ids of text, write ids = "text" in [{owner}]' if owner and field.kind is Kind.INTEGER else ""
    )


def _find_condition_faults(connection: Connection, canonical: CanonicalTable, section: Section) -> list[str]:
    """Let the database read each condition of a section, without a row, and name those that it cannot read."""
    given = {"where": section.where} | {f"left_out {name!r}": sql for name, sql in section.left_out.items()}
    faults = []
    for name, sql in given.items():
        if sql is None:
            continue
        query = select(text("1")).select_from(select_from(section)).where(text(write_condition(sql))).limit(0)
        try:
            connection.execute(query).close()
        except DBAPIError as err:
            if is_transient(err):
                raise
            faults.append(f"[{canonical.name}] {name}: {describe(err)}")
    return faults


def _is_selectable(found: Any, field: Field, column: ColumnMapping) -> bool:
    """Return whether a type that the server tells of a SELECT's column crosses without loss."""
    _name, code, _display, _internal, _precision, scale, _nullable = found
    if column.rounded or (field.kind is Kind.MONEY and column.money == "rounded"):
        return code in _INTEGERS | _DECIMALS | _INEXACT
    if field.kind is Kind.MONEY and code in _DECIMALS:
        return scale <= MOST_DECIMALS
    if field.kind is Kind.ID:
        return code not in _INEXACT
    return code in _SELECTED[field.kind] or code == FIELD_TYPE.NULL


def _list_columns(canonical: CanonicalTable, section: Section) -> list[tuple[Field, ColumnMapping]]:
    """List the fields that a column gives, each with the unit and the time zone that hold for it."""
    return [
        (
            field,
            given.model_copy(
                update={"money": given.money or section.money, "time_zone": given.time_zone or section.time_zone}
            ),
        )
        for field in canonical.columns
        if (given := section.columns.get(field.name)) is not None and given.names
    ]


def find_tables_without_snapshots(connection: Connection, mapping: ShopMapping) -> list[str]:
    """Name the tables of MySQL that are not kept in InnoDB, the engine whose snapshots are real."""
    if connection.dialect.name == "sqlite":
        return []
    statement = text(
        "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() "
        "AND table_name IN :names AND engine <> 'InnoDB' ORDER BY table_name"
    ).bindparams(bindparam("names", expanding=True))
    names = sorted({name for section in mapping.sections.values() for name in section.tables})
    found = connection.execute(statement, {"names": names})
    return [
        f"table {name} is kept in {engine}, which has no snapshots (ALTER TABLE {name} ENGINE=InnoDB)"
        for name, engine in found
    ]


def _find_fault(field: Field, column: ColumnMapping, declared: ReflectedColumn | None, *, is_key: bool) -> str | None:
    if declared is None:
        return "is missing"
    if column.values:
        return None
    if not _holds(declared["type"], field.kind, column):
        is_whole_money = field.kind is Kind.MONEY and isinstance(declared["type"], types.Integer)
        advice = ': say money = "cents", or "rounded" where it is whole units, such as won' if is_whole_money else ""
        return f"should hold {field.kind.value}, but is {declared['type']!r}{advice}"
    if isinstance(declared["type"], types.TIMESTAMP) and column.time_zone != "UTC":
        return "is a TIMESTAMP, which the server gives in UTC: it has no time zone of its own"
    if declared["nullable"] and field.kind is not Kind.INSTANT and not field.is_nullable and not is_key:
        return None if column.default is not None else "may be NULL: give it a `default` in the mapping"
    return None


def _holds(declared: types.TypeEngine[Any], kind: Kind, column: ColumnMapping) -> bool:
    """Return whether every value of a declared type crosses without loss as this kind."""
    if column.rounded:
        return isinstance(declared, types.Integer | types.Numeric | types.Float)
    if kind in (Kind.INTEGER, Kind.FLAG):
        return isinstance(declared, types.Integer | types.Boolean)
    if kind is Kind.ID:
        return not isinstance(declared, types.Float)
    if kind is Kind.TEXT:
        return isinstance(declared, types.String)
    if kind is Kind.INSTANT:
        return isinstance(declared, types.DateTime)
    if column.money != "decimals":
        return isinstance(declared, types.Integer | types.Numeric | types.Float)
    if not isinstance(declared, types.Numeric) or isinstance(declared, types.Float):
        return False
    scale = declared.scale or 0
    return scale <= MOST_DECIMALS and (declared.precision or 0) - scale <= DIGITS - MOST_DECIMALS


def _is_unique(inspector: Inspector, table: str, schema: str | None, key: tuple[str, ...]) -> bool:
    if {*inspector.get_pk_constraint(table, schema)["constrained_columns"]} == {*key}:
        return True
    indexes = inspector.get_indexes(table, schema)
    return any(index["unique"] and {*index["column_names"]} == {*key} for index in indexes)
