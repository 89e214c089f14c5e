"""A shop in a schema of its own: its tables and rows, beside what the platform should see of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from shop.mapping.model import ShopMapping, parse_mapping

START = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)


@dataclass
class ForeignShop:
    """A shop that is written twice: in its own terms, and as the platform should see it.

    Attributes:
        mapping_text: the mapping that somebody who runs it would write.
        schema: statements that make its tables, which `{prefix}` begins.
        change: gives the statements of what the shop does later, and changes what the platform should see.
        prefix: of its tables.
        rows: what its tables hold, by their names without the prefix.
        seen: fields of each row that the platform should see, by canonical table and key.
        left_out: rows that the check should count as left out, by canonical table and reason.
    """

    mapping_text: str
    schema: str
    change: Callable[["ForeignShop"], list[str]]
    prefix: str = ""
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seen: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def mapping(self) -> ShopMapping:
        """Read the mapping."""
        return parse_mapping(self.mapping_text, "shop.toml")

    def add(self, table: str, **row: Any) -> None:
        """Put a row into one of the shop's tables."""
        self.rows.setdefault(table, []).append(row)

    def see(self, table: str, key: int, **fields: Any) -> None:
        """Say what the platform should see; later fields add to earlier ones."""
        self.seen.setdefault(table, {}).setdefault(key, {}).update(fields)

    def see_categories(self, product: int, categories: Iterable[int]) -> None:
        """Say in which categories the platform should see a product."""
        for category in categories:
            self.see("product_categories", (product << 32) + category, product_id=product, category_id=category)

    def leave_out(self, table: str, reason: str, *, holds: bool) -> bool:
        """Count a row of a table that is left out for a reason, if that holds, and return whether it does."""
        counts = self.left_out.setdefault(table, {})
        counts[reason] = counts.get(reason, 0) + holds
        return holds

    def fill(self, engine: Engine) -> None:
        """Make the tables and write all rows."""
        with engine.begin() as connection:
            for statement in self.schema.format(prefix=self.prefix).split(";\n"):
                connection.exec_driver_sql(f"{statement} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
            for table, rows in self.rows.items():
                for names, alike in groupby(rows, key=tuple):
                    columns = ", ".join(f"`{name}`" for name in names)
                    values = ", ".join(f":{name}" for name in names)
                    sql = f"INSERT INTO `{self.prefix}{table}` ({columns}) VALUES ({values})"
                    connection.execute(text(sql), list(alike))


def write_local(instant: datetime, zone: str = "UTC") -> datetime:
    """Write an instant as a column without a zone has it."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def read_local(local: datetime, zone: str = "UTC") -> datetime:
    """Return the instant that a column without a zone means."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def round_to_pieces(number: Decimal | int) -> int:
    """Round a weight to whole pieces, at least one either way, as SQL does; 0 is nothing."""
    rounded = max(Decimal(1), abs(Decimal(number)).quantize(Decimal(1), ROUND_HALF_UP))
    return 0 if not number else int(rounded.copy_sign(Decimal(number)))


def cents(amount: Decimal) -> Decimal:
    """Round an amount to hundredths, as SQL does."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
