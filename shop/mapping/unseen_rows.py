"""Rows of a shop that the platform does not see: left out by the mapping, or of a parent that is not there."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, text

from shop.mapping.canonical import CANONICAL_TABLES, CanonicalTable
from shop.mapping.sections import Section
from shop.mapping.select import TableSource, select_from, write_condition

CANONICAL_KEYS = {table.name: table.key for table in CANONICAL_TABLES}


def count_left_out(connection: Connection, section: Section) -> dict[str, int]:
    """Count the rows that each `left_out` of a section holds for; a row can be counted under several."""
    if not section.left_out:
        return {}
    counts = [text(f"COUNT(CASE WHEN {write_condition(sql)} THEN 1 END)") for sql in section.left_out.values()]
    query = select(*counts).select_from(select_from(section))
    if section.where is not None:
        query = query.where(text(write_condition(section.where)))
    return dict(zip(section.left_out, map(int, connection.execute(query).one()), strict=True))


def count_waiting(
    connection: Connection, canonical: CanonicalTable, sources: Mapping[str, TableSource], readable: Iterable[str]
) -> dict[str, int]:
    """Count the rows that name a parent which is not there, by the field that names it; they wait, unseen.

    Args:
        connection: to the shop.
        canonical: the rows' table.
        sources: of all canonical tables.
        readable: parents that can be looked into.
    """
    waiting = {}
    for field, parent in canonical.parents.items():
        if parent not in readable:
            continue
        rows, key = sources[canonical.name].sql, CANONICAL_KEYS[parent]
        count = connection.exec_driver_sql(
            f"SELECT COUNT(*) FROM {rows} LEFT JOIN {sources[parent].sql} ON {parent}.{key} = {canonical.name}.{field} "
            f"WHERE {canonical.name}.{field} IS NOT NULL AND {parent}.{key} IS NULL"
        ).scalar_one()
        if count:
            waiting[field] = int(count)
    return waiting
