"""Column types that mean the same on SQLite and MySQL: ids, money, instants, JSON as text, and the server's clock."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler, TypeCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from shop.money import DIGITS, MOST_DECIMALS

BigId = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite numbers rows by itself only in a column declared INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC with microseconds: aware in Python, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MySQL for microseconds, which it drops unless told."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn an aware instant into naive UTC.

        Raises:
            ValueError: the value carries no time zone, so the instant is unknown.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a time zone is no instant: {value!r}; give one with tzinfo=UTC")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the stored instant its time zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Money(TypeDecorator[Decimal]):
    """An exact amount of at most ten digits before the point and three after it, as many as any currency has.

    SQLite keeps numbers as doubles, which hold every such amount; the decimals are restored on the way out. Its columns
    are declared with two, as they were first made: there the declaration holds nothing back.
    """

    impl = Numeric(DIGITS, MOST_DECIMALS)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Bypass SQLAlchemy's decimal conversion on SQLite: this class does it without loss."""
        numeric: TypeEngine[Any] = Numeric(DIGITS, MOST_DECIMALS)
        if dialect.name == "sqlite":
            numeric = Numeric(12, 2, asdecimal=False)
        return dialect.type_descriptor(numeric)

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | float | int | None:
        """Refuse what cannot be stored exactly.

        Raises:
            TypeError: the value is a float, whose cents are not exact.
            ValueError: the value has more decimals than any currency.
        """
        if value is None:
            return value
        if not isinstance(value, Decimal | int):
            raise TypeError(f"money must be a Decimal, got {value!r}; write Decimal('{value}')")
        if value != round(value, MOST_DECIMALS):
            raise ValueError(f"money has at most {MOST_DECIMALS} decimals, got {value!r}; round it first")
        return float(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Decimal | float | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Read back the exact amount; what is no number in the file of a careless writer is NaN."""
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(f"{value:.{MOST_DECIMALS}f}") if isinstance(value, float | int) else Decimal("NaN")


class Thousandths(Money):
    """A share as a float, kept to the thousandth."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Decimal | float | int | None:
        """Round to the thousandth."""
        return super().process_bind_param(None if value is None else round(Decimal(value), MOST_DECIMALS), dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read the share back."""
        exact = super().process_result_value(value, dialect)
        return None if exact is None else float(exact)


class JsonText(JSON):
    """A JSON document that the database keeps as the text that it was given, for what is read whole, and often.

    MySQL takes its own JSON apart, and writes it anew at each read, which costs more than finding the row.
    """


@compiles(JsonText, "mysql")
@compiles(JsonText, "mariadb")
def _compile_json_text(element: JsonText, compiler: TypeCompiler, **options: Any) -> str:  # noqa: ARG001
    return "LONGTEXT"


class server_now(ColumnElement[datetime]):  # noqa: N801  (named like the SQL function that it renders)
    """The database's clock in UTC, so that all writers stamp rows by one clock. Sessions run in UTC."""

    type = UtcDateTime()
    inherit_cache = True


class server_now_on_update(ColumnElement[datetime]):  # noqa: N801
    """The same clock, read again at each UPDATE (MySQL). SQLite does that by a trigger of the migration."""

    type = UtcDateTime()
    inherit_cache = True


SQLITE_NOW = "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"
MYSQL_NOW = "CURRENT_TIMESTAMP(6)"


@compiles(server_now, "sqlite")
@compiles(server_now_on_update, "sqlite")
def _compile_sqlite_now(element: ColumnElement[datetime], compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return SQLITE_NOW


@compiles(server_now, "mysql")
@compiles(server_now, "mariadb")
def _compile_mysql_now(element: server_now, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return MYSQL_NOW


@compiles(server_now_on_update, "mysql")
@compiles(server_now_on_update, "mariadb")
def _compile_mysql_now_on_update(element: server_now_on_update, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return f"{MYSQL_NOW} ON UPDATE {MYSQL_NOW}"
