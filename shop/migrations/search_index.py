"""Search index of `products`, as each server can keep one up by itself.

- SQLite: an FTS5 table of trigrams over title, brand and type, without a copy of the text; triggers keep it up.
- MySQL: FULLTEXT with the ngram parser. The tables compare text byte by byte, so that the index lies on a generated
  column whose collation knows neither case nor accents. Stop words are off: with ngrams one of a single letter would
  leave out all that hold it.
- MariaDB has no ngram parser, and its own one finds neither parts of words nor words of two letters, which most Korean
  ones are: there the column is searched through.
"""

from alembic import op

from shop.migrations.columns import is_sqlite

INDEX = "product_search"
COLUMN = "search_text"
FIELDS = ("title", "brand", "product_type")
FILL = f"INSERT INTO {INDEX}({INDEX}) VALUES ('rebuild')"
"""On SQLite: index all products anew."""


def create_search_index() -> None:
    """Create the index and fill it with the products that are there."""
    if is_sqlite():
        op.execute(
            f"CREATE VIRTUAL TABLE {INDEX} USING fts5({', '.join(FIELDS)}, "
            "content='products', content_rowid='product_id', tokenize='trigram')"
        )
        op.execute(FILL)
        for trigger in _list_triggers():
            op.execute(trigger)
        return
    op.execute(
        f"ALTER TABLE products ADD COLUMN {COLUMN} VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci "
        f"GENERATED ALWAYS AS (CONCAT_WS(' ', {', '.join(FIELDS)})) STORED"
    )
    if not op.get_bind().dialect.is_mariadb:  # type: ignore[attr-defined]
        op.execute("SET SESSION innodb_ft_enable_stopword = OFF")
        op.execute(f"CREATE FULLTEXT INDEX {INDEX} ON products ({COLUMN}) WITH PARSER ngram")
        op.execute("SET SESSION innodb_ft_enable_stopword = DEFAULT")


def drop_search_index() -> None:
    """Remove what `create_search_index` created."""
    if is_sqlite():
        for name in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER tr_{INDEX}_{name}")
        op.execute(f"DROP TABLE {INDEX}")
    else:
        op.execute(f"ALTER TABLE products DROP COLUMN {COLUMN}")


def _list_triggers() -> list[str]:
    """Spell what SQLite does to the index when a product comes, is renamed, or goes; other updates leave it alone."""
    names = ", ".join(("rowid", *FIELDS))
    new, old = (", ".join(f"{row}.{name}" for name in ("product_id", *FIELDS)) for row in ("new", "old"))
    add = f"INSERT INTO {INDEX}({names}) VALUES ({new});"
    remove = f"INSERT INTO {INDEX}({INDEX}, {names}) VALUES ('delete', {old});"
    renamed = f"UPDATE OF {', '.join(('product_id', *FIELDS))}"
    return [
        f"CREATE TRIGGER tr_{INDEX}_insert AFTER INSERT ON products BEGIN {add} END",
        f"CREATE TRIGGER tr_{INDEX}_update AFTER {renamed} ON products BEGIN {remove} {add} END",
        f"CREATE TRIGGER tr_{INDEX}_delete AFTER DELETE ON products BEGIN {remove} END",
    ]
