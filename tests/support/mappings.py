"""Mappings beside the canonical one, over the same tables: without change columns, and by SELECTs that convert."""

from pathlib import Path

from shop.mapping.model import CANONICAL_FILE

CONVERTED = {
    '[products]\ntable = "products"': (
        '[products]\nmoney = "cents"\nselect = """SELECT p.*, CAST(price * 100 AS SIGNED) AS cents, '
        "CASE is_visible WHEN 0 THEN 'draft' ELSE 'on: 100%' END AS state FROM products AS p\"\"\""
    ),
    'price = "price"': 'price = "cents"',
    'is_visible = "is_visible"': 'is_visible = { column = "state", values = { "on: 100%" = true }, otherwise = false }',
    '[orders]\ntable = "orders"': (
        '[orders]\ntime_zone = "Asia/Seoul"\nselect = """SELECT o.*, IFNULL(o.user_id, -1) AS buyer, '
        "o.ordered_at + INTERVAL 9 HOUR AS local_time, o.created_at + INTERVAL 9 HOUR AS local_created, "
        "o.updated_at + INTERVAL 9 HOUR AS local_updated "
        'FROM orders AS o LEFT JOIN users AS u ON u.user_id = o.user_id"""'
    ),
    'ordered_at = "ordered_at"\ntotal_amount = "total_amount"\ncreated_at = "created_at"\nupdated_at = "updated_at"': (
        'ordered_at = "local_time"\ntotal_amount = "total_amount"\ncreated_at = "local_created"\n'
        'updated_at = "local_updated"'
    ),
    'user_id = "user_id"\nstatus': 'user_id = { column = "buyer", blanks = [-1] }\nstatus',
    '[users]\ntable = "users"': (
        '[users]\ntable = "users"\nwhere = "user_id >= 0"'
    ),
}  # fmt: skip


def write_unstamped_mapping(folder: Path) -> Path:
    """Write the canonical mapping without a change column in any table."""
    return _write(folder / "unstamped.toml", CANONICAL_FILE.read_text().replace('updated_at = "updated_at"\n', ""))


def write_converting_mapping(folder: Path) -> Path:
    """Write a mapping that joins, filters, translates and converts, and gives the canonical rows all the same."""
    text = CANONICAL_FILE.read_text()
    for old, new in CONVERTED.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return _write(folder / "converting.toml", text)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
