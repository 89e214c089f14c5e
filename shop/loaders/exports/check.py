"""Check of a folder of exports against its mapping, for a person: what would be loaded, what not, what is wrong."""

from shop.loaders.exports.read import Export, describe_unseen
from shop.mapping.canonical import CANONICAL_TABLES, CREATED_AT, UPDATED_AT
from shop.mapping.check import SAMPLE_ROWS, show_row
from shop.mapping.model import ShopMapping

EVERY_ROW = 2**31


def describe_export(export: Export, mapping: ShopMapping) -> str:
    """Write files, tables with some of their rows, every row that is set aside, and what is wrong."""
    lines: list[str] = []
    for canonical in CANONICAL_TABLES:
        section, table = mapping.section(canonical.name), export.tables.get(canonical.name)
        if section is None or table is None:
            continue
        lines.append(f"[{canonical.name}] {len(table.frame):,} rows")
        lines += [f"    {show_row(row)}" for row in table.frame.tail(SAMPLE_ROWS).to_dicts()]
        lines += [
            f"  no {one.name}: {one.absence.cost}"
            for one in canonical.columns
            if one.absence is not None and one.name not in (*section.columns, CREATED_AT, UPDATED_AT)
        ]
    lines = [*describe_unseen(export, EVERY_ROW), *lines, *(f"WRONG: {fault}" for fault in export.faults)]
    ends = "it can be loaded" if not export.faults else f"{len(export.faults)} to correct, then check again"
    return "\n".join([*lines, ends])
