"""The tables of docs/loading.md, written from `canonical.py`: `python -m shop.loaders.documentation` refreshes them."""

import sys
from pathlib import Path

from command import write_made_file
from shop.loaders.canonical import TABLES, Column, Table

DOCUMENT = Path(__file__).parents[2] / "docs" / "loading.md"
START = "<!-- tables: written by python -m shop.loaders.documentation -->\n"
END = "<!-- end of tables -->\n"


def render_tables() -> str:
    """Write one Markdown table for each canonical table."""
    return "\n".join(_render_table(table) for table in TABLES)


def _render_table(table: Table) -> str:
    need = "required" if table.is_required else "optional"
    lines = [f"### {table.name} ({need})", "", "| column | kind | allowed | if left out |", "|---|---|---|---|"]
    lines += [f"| `{c.name}` | {c.kind} | {_render_rules(c)} | {c.default or '**required**'} |" for c in table.columns]
    return "\n".join([*lines, ""])


def _render_rules(column: Column) -> str:
    rules = []
    if column.choices:
        rules.append(", ".join(f"`{choice}`" for choice in column.choices))
    if column.references:
        rules.append(f"a `{column.references.split('.')[0]}` row")
    if column.minimum is not None and column.minimum >= 0:
        has_top = column.maximum is not None and column.maximum < 2**31 - 1
        rules.append(f"{column.minimum} to {column.maximum}" if has_top else f"{column.minimum} or more")
    if column.max_length is not None:
        rules.append(f"up to {column.max_length} characters")
    if column.nullable:
        rules.append("may be empty")
    return "; ".join(rules)


def refresh(text: str) -> str:
    """Put fresh tables between the marks of a document.

    Raises:
        ValueError: the document has no marks.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the document lacks the lines {START.strip()!r} and {END.strip()!r}")
    return f"{before}{START}{render_tables()}{END}{after}"


def main() -> int:
    """Refresh the tables in the page."""
    return write_made_file(
        "shop.loaders.documentation", __doc__, DOCUMENT, lambda: refresh(DOCUMENT.read_text(encoding="utf-8"))
    )


if __name__ == "__main__":
    sys.exit(main())
