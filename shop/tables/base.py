"""Declarative bases of the tables: names of constraints, MySQL's options, and the two time stamps."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from shop.tables.types import UtcDateTime, server_now, server_now_on_update

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

MYSQL_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""The binary collation compares text as SQLite does, byte by byte: no two keys are merged by case or accent."""


class _Stamped:
    """`created_at` is when the database first knew the row, `updated_at` when it last changed."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=server_now(), sort_order=1)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=server_now_on_update(), sort_order=2)


class Base(_Stamped, DeclarativeBase):
    """A table of the shop's own database."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class PlatformBase(_Stamped, DeclarativeBase):
    """A table of the platform's database. None names a row of the shop's: the two may lie on two servers."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


def index_changes(*columns: str) -> Index:
    """Index the keyset (`updated_at`, primary key) in which the sync reads a table's changes."""
    return Index(None, "updated_at", *columns)


def table_arguments(*items: SchemaItem) -> tuple[Any, ...]:
    """Gather constraints and indexes with the options that every table carries."""
    return (*items, MYSQL_OPTIONS)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Write the SQL condition that a column holds one of a fixed list of words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
