"""Databases that a sync reads: the shop's, and for what the platform writes itself (events), the platform's.

Each is read in one snapshot, and is held by itself against what the store knows of it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.reader import ShopSnapshot, open_snapshot
from features.sync.source.session import IDLE_SECONDS
from shop.mapping.canonical import PLATFORM_TABLES
from shop.mapping.model import ShopMapping, load_mapping
from shop.money import Currency


@dataclass(frozen=True)
class SourceDatabase:
    """A database, and what those of its tables mean that are read there.

    `role` is `shop` or `platform`; amounts are rounded to the smallest unit of `currency`, if there is one.
    """

    role: str
    engine: Engine
    mapping: ShopMapping
    tables: frozenset[str]
    currency: Currency | None = None


def list_databases(
    shop: Engine, platform: Engine | None, mapping: ShopMapping, currency: Currency | None = None
) -> list[SourceDatabase]:
    """Say which table is read where.

    Args:
        shop: the shop's database.
        platform: the platform's; `None` where its tables lie in the shop's.
        mapping: what the shop's tables mean. The platform's own are always the canonical ones.
        currency: of the shop's prices, whose smallest unit amounts are rounded to; as they are if not given.
    """
    tables = frozenset(table.name for table in SYNCED_TABLES)
    if platform is None:
        return [SourceDatabase("shop", shop, mapping.of(tables), tables, currency)]
    shops = tables - PLATFORM_TABLES
    return [
        SourceDatabase("shop", shop, mapping.of(shops), shops, currency),
        SourceDatabase("platform", platform, load_mapping().of(PLATFORM_TABLES), PLATFORM_TABLES),
    ]


@contextmanager
def open_snapshots(
    databases: Sequence[SourceDatabase], heard: Callable[[], None] = lambda: None
) -> Iterator[dict[str, ShopSnapshot]]:
    """Hold one read-only snapshot of each database for the length of the block.

    A server ends a session that is silent; while one database is read at length, the others hear something too.

    Args:
        databases: what to read.
        heard: called after each answer of any of them.

    Yields:
        The snapshots by role.
    """
    snapshots: dict[str, ShopSnapshot] = {}

    def hear() -> None:
        heard()
        for snapshot in list(snapshots.values()):
            snapshot.session.keep_alive(after_seconds=IDLE_SECONDS / 4)

    with ExitStack() as stack:
        for one in databases:
            opened = open_snapshot(one.engine, one.mapping, hear, one.role, one.currency)
            snapshots[one.role] = stack.enter_context(opened)
        yield snapshots
