"""The vocabulary of the revisions: columns, tables and triggers as they are spelled on SQLite and on MySQL.

Revisions are history, so they use this small fixed vocabulary and never the models, which move on.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

MYSQL_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def big_id(name: str, *items: Any, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    """Declare a 64-bit integer: a key, or a reference to one."""
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), *items, nullable=nullable, **options)


def integer(name: str, default: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    """Declare a 32-bit integer."""
    return sa.Column(name, sa.Integer, nullable=nullable, server_default=None if default is None else str(default))


def text(name: str, length: int | None = None, *, nullable: bool = False, default: str | None = None) -> sa.Column[Any]:
    """Declare text of at most `length` characters, or of any length."""
    return sa.Column(
        name, sa.Text() if length is None else sa.String(length), nullable=nullable, server_default=default
    )


def money(name: str, default: str | None = None) -> sa.Column[Any]:
    """Declare an exact amount with two decimals."""
    return sa.Column(name, sa.Numeric(12, 2), nullable=False, server_default=default)


def json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Declare a JSON document."""
    return sa.Column(name, sa.JSON, nullable=nullable)


def instant(name: str, *, nullable: bool = False, now: bool = False, on_update: bool = False) -> sa.Column[Any]:
    """Declare an instant in UTC with microseconds, by default (`now`) the database's own clock."""
    default = None
    if now and is_sqlite():
        default = sa.text("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))")
    elif now:
        default = sa.text("CURRENT_TIMESTAMP(6)" + (" ON UPDATE CURRENT_TIMESTAMP(6)" if on_update else ""))
    kind = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable, server_default=default)


def check(name: str, condition: str) -> sa.CheckConstraint:
    """Declare a rule for the rows of a table, under its full name."""
    return sa.CheckConstraint(condition, name=op.f(name))


def create_table(name: str, key: tuple[str, ...], *items: Any) -> None:
    """Create a table with its primary key, the two time stamps, and MySQL's options.

    On SQLite a trigger does what MySQL's ON UPDATE does: any UPDATE that leaves `updated_at` alone moves it.
    """
    op.create_table(
        name,
        *items,
        instant("created_at", now=True),
        instant("updated_at", now=True, on_update=True),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        **MYSQL_OPTIONS,
    )
    if is_sqlite():
        same_row = " AND ".join(f"{column} = NEW.{column}" for column in key)
        op.execute(
            f"CREATE TRIGGER tr_{name}_updated_at AFTER UPDATE ON {name} FOR EACH ROW "
            "WHEN NEW.updated_at = OLD.updated_at BEGIN "
            f"UPDATE {name} SET updated_at = max(OLD.updated_at, strftime('%Y-%m-%d %H:%M:%f000', 'now')) "
            f"WHERE {same_row}; END"
        )


def create_indexes(table: str, *indexes: tuple[str, ...]) -> None:
    """Create indexes, named by the naming convention of the tables."""
    for columns in indexes:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def reference(table: str, column: str, target: str, *, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    """Declare that a column names a row of `target` ("table.column")."""
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=on_delete)


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Declare that no two rows share these columns."""
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def redeclare_on_sqlite(table: str, declared: str, instead: str) -> None:
    """Change a table's declaration where it stands, by the way that SQLite names for dropping NOT NULL and CHECKs.

    Copying the table, as Alembic would, drops the old one, and rows that name its rows go along.

    Raises:
        RuntimeError: what was declared does not stand in the table once.
    """
    connection = op.get_bind()
    sql = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).scalar_one()
    if sql.count(declared) != 1:
        raise RuntimeError(f"{table} is not declared as its revisions left it: {declared!r} is missing in {sql!r}")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (sql.replace(declared, instead), table)
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def is_sqlite() -> bool:
    """Tell which of the two databases the revision runs on."""
    return op.get_bind().dialect.name == "sqlite"
