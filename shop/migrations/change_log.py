"""Log of what shoppers see change: triggers note the product of each such change, in the transaction that makes it.

Seen are whether a product can be sold, and of one that can its price, title, picture and what else `SHOWN` names; a
stock that falls from 5 to 4 is not. Rows are only ever added, so that no writer waits for another one here, and removed
when they are old. It is of no model: where the account may make no triggers there is none, and who reads the catalogue
does without.
"""

import logging
from collections.abc import Sequence

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from shop.failures import describe, find_number

LOG = "catalogue_changes"
SHOWN = ("product_id", "category_id", "title", "brand", "price", "regular_price", "size", "family_id", "product_type")
"""Columns of `products` that shoppers see, or that lists go by; those that a table lacks do not count."""

PICTURE = ("product_id", "image_url", "position")
TEXTS = frozenset({"title", "brand", "size", "product_type", "image_url"})
REFUSED = frozenset({1142, 1227, 1419})
"""Errors of an account that may make no triggers, or of a server that lets none be made."""

logger = logging.getLogger(__name__)


def keep_change_log(connection: Connection) -> None:
    """Create what is missing of the log, or was made for other columns; nothing where the server takes no triggers.

    After each migration rather than in a revision of its own, so that it follows the columns of `products`.
    """
    found = inspect(connection)
    if not found.has_table("products"):
        return
    is_new, present = not found.has_table(LOG), _read_triggers(connection)
    is_file = connection.dialect.name == "sqlite"
    if is_new:
        key = "INTEGER PRIMARY KEY AUTOINCREMENT" if is_file else "BIGINT AUTO_INCREMENT PRIMARY KEY"
        options = "" if is_file else " ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
        connection.exec_driver_sql(f"CREATE TABLE {LOG} (change_id {key}, product_id BIGINT NOT NULL){options}")
    shown = [name for name in SHOWN if name in {column["name"] for column in found.get_columns("products")}]
    try:
        for name, (event, body) in _spell_triggers(shown, is_file=is_file).items():
            if present.get(name, "").endswith(body):
                continue
            if name in present:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW {body}")
    except DBAPIError as err:
        if find_number(err) not in REFUSED or not is_new:
            raise
        connection.exec_driver_sql(f"DROP TABLE {LOG}")  # the first trigger was refused: there is none
        logger.warning("products are read for each page: the server takes no triggers reason=%r", describe(err))


def drop_change_log(connection: Connection) -> None:
    """Remove the log, before a column goes that its triggers name; the next migration makes it anew."""
    for name in _read_triggers(connection):
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {LOG}")


def _read_triggers(connection: Connection) -> dict[str, str]:
    """Read the triggers of the log that there are, as they were spelled."""
    if connection.dialect.name == "sqlite":
        kept = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        kept = (
            "SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        )
    return {name: body for name, body in connection.exec_driver_sql(kept) if name.startswith(f"tr_{LOG}_")}


def _spell_triggers(shown: Sequence[str], *, is_file: bool) -> dict[str, tuple[str, str]]:
    """Spell the triggers by name: after what, and what they do."""
    sold = {row: f"({row}.is_visible <> 0 AND {row}.stock > 0)" for row in ("OLD", "NEW")}
    is_changed, is_other_picture = (_differ(names, is_file=is_file) for names in (shown, PICTURE))
    is_seen = f"({sold['OLD']} OR {sold['NEW']}) AND ({sold['OLD']} <> {sold['NEW']} OR {is_changed})"
    is_other = "OLD.product_id <> NEW.product_id"

    def note(row: str, condition: str) -> str:
        noted = f"INSERT INTO {LOG}(product_id) VALUES ({row}.product_id);"  # noqa: S608  (names of our own)
        return f"WHEN {condition} BEGIN {noted} END" if is_file else f"BEGIN IF {condition} THEN {noted} END IF; END"

    return {
        f"tr_{LOG}_product_insert": ("INSERT ON products", note("NEW", sold["NEW"])),
        f"tr_{LOG}_product_update": ("UPDATE ON products", note("NEW", is_seen)),
        f"tr_{LOG}_product_renumber": ("UPDATE ON products", note("OLD", is_other)),
        f"tr_{LOG}_product_delete": ("DELETE ON products", note("OLD", sold["OLD"])),
        f"tr_{LOG}_image_insert": ("INSERT ON product_images", note("NEW", "1 = 1")),
        f"tr_{LOG}_image_update": ("UPDATE ON product_images", note("NEW", is_other_picture)),
        f"tr_{LOG}_image_move": ("UPDATE ON product_images", note("OLD", is_other)),
        f"tr_{LOG}_image_delete": ("DELETE ON product_images", note("OLD", "1 = 1")),
    }


def _differ(names: Sequence[str], *, is_file: bool) -> str:
    """Spell that one of a row's columns is another than it was, byte by byte."""
    if is_file:
        return " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)
    spelled = [f"CAST({{row}}.{name} AS BINARY)" if name in TEXTS else f"{{row}}.{name}" for name in names]
    return " OR ".join(f"NOT ({each.format(row='OLD')} <=> {each.format(row='NEW')})" for each in spelled)
