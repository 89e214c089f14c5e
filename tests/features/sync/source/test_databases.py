"""A sync that reads the shop's tables in one database and the platform's own in another, on each server."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, select

import features.sync.source.databases
from features.store import MLStore
from features.sync.known_sources import SOURCES_TABLE
from features.sync.mass_delete_guard import MassDisappearanceError
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.databases import list_databases, open_snapshots
from features.sync.source.retries import RefusedError
from shop.database import open_engine, session_scope
from shop.mapping.canonical import PLATFORM_TABLES
from shop.mapping.model import load_mapping
from shop.migrate import PLATFORM, SHOP, migrate
from shop.split import split_database
from shop.tables import NOT_INTERESTED_PRODUCT, Event, ShopperChoice
from tests.features.shop_writes import execute, shop_rows, stored_rows
from tests.support.tiny_shop import day, fill_tiny_shop

EVENTS, CHOICES = (
    next(table for table in SYNCED_TABLES if table.name == name) for name in ("events", "shopper_choices")
)


@pytest.fixture
def shop(any_server_url: str) -> Iterator[Engine]:
    """The shop with the platform's tables beside its own, a few events among them."""
    engine = open_engine(any_server_url)
    for schema in (SHOP, PLATFORM):
        migrate(engine, schema)
    fill_tiny_shop(engine)
    add_events(engine, 1, 4)
    yield engine
    engine.dispose()


def add_events(engine: Engine, first: int, last: int) -> None:
    """Write events that shoppers caused."""
    with session_scope(engine) as session:
        for number in range(first, last + 1):
            session.add(
                Event(
                    event_key=f"click:{number}", event_type="click", product_id=1, request_id="r", occurred_at=day(20)
                )
            )


def test_events_are_read_where_the_platform_writes_them(shop: Engine, server_platform: Engine, store: MLStore) -> None:
    split_database(shop, server_platform, lambda _: None)

    first = sync_shop(shop, store, platform=server_platform, verify=True)
    add_events(server_platform, 5, 6)
    execute(shop, "UPDATE users SET nickname = 'new' WHERE user_id = 1")
    second = sync_shop(shop, store, platform=server_platform, verify=True)

    assert (first.is_equal, second.is_equal, first.warnings, second.warnings) == (True, True, [], [])
    assert (first.tables["events"].counts.num_inserted, second.tables["events"].counts.num_inserted) == (4, 2)
    for table in SYNCED_TABLES:
        read = server_platform if table.name in PLATFORM_TABLES else shop
        assert stored_rows(store, table) == shop_rows(read, table), table.name
    assert store.scan(SOURCES_TABLE).collect().height == 2


def test_a_choice_is_known_from_when_it_was_made_until_it_was_undone(
    shop: Engine, server_platform: Engine, store: MLStore
) -> None:
    split_database(shop, server_platform, lambda _: None)
    with session_scope(server_platform) as session:
        for number in (1, 2):
            session.add(
                ShopperChoice(
                    user_id=1,
                    choice_key=f"product:{number}",
                    kind=NOT_INTERESTED_PRODUCT,
                    product_id=number,
                    category_id=1,
                    made_at=day(20),
                    created_at=day(20),
                    updated_at=day(20),
                )
            )
    sync_shop(shop, store, platform=server_platform)
    execute(server_platform, "UPDATE shopper_choices SET undone_at = '2026-01-22', updated_at = '2026-01-22'")

    report = sync_shop(shop, store, platform=server_platform, verify=True)

    def undone(instant: datetime) -> list[datetime | None]:
        return store.as_of("shopper_choices", instant).sort("choice_id").collect()["undone_at"].to_list()

    assert report.is_equal
    assert stored_rows(store, CHOICES) == shop_rows(server_platform, CHOICES)
    assert undone(day(20)) == []
    assert undone(day(21)) == [None, None]
    assert undone(day(23)) == [day(22, hour=0), day(22, hour=0)], "all undone at once, and the sync goes on"


def test_an_installation_that_was_split_is_followed(shop: Engine, server_platform: Engine, store: MLStore) -> None:
    sync_shop(shop, store)
    split_database(shop, server_platform, lambda _: None)

    split = sync_shop(shop, store, platform=server_platform)
    again = sync_shop(shop, store, platform=server_platform)

    (warning,) = split.warnings
    assert warning.startswith("the platform is now in ")
    assert split.tables["events"].version is None, "every row is what it was"
    assert again.warnings == []
    assert stored_rows(store, EVENTS) == shop_rows(server_platform, EVENTS)


def test_a_platforms_database_without_its_rows_is_refused(
    shop: Engine, server_platform: Engine, store: MLStore
) -> None:
    sync_shop(shop, store)
    before = store.versions()

    with pytest.raises(MassDisappearanceError, match=r"events: 4 of 4 rows\. Check PLATFORM_DATABASE_URL"):
        sync_shop(shop, store, platform=server_platform)

    assert store.versions() == before


def test_the_database_that_refuses_is_named(shop: Engine, server_platform: Engine, store: MLStore) -> None:
    wrong = open_engine(server_platform.url.set(password="wrong-password"))

    with pytest.raises(
        RefusedError, match=rf"The platform .*/{server_platform.url.database}\?.* refuses the sync.*1045"
    ):
        sync_shop(shop, store, platform=wrong)
    with pytest.raises(RefusedError, match=rf"The shop .*/{shop.url.database}\?.* refuses the sync.*1045"):
        sync_shop(open_engine(shop.url.set(password="wrong-password")), store, platform=server_platform)

    assert store.versions() == {}


def test_each_table_is_read_in_one_database(empty_shop: Engine) -> None:
    mapping = load_mapping()

    (both,) = list_databases(empty_shop, None, mapping)
    shop, platform = list_databases(empty_shop, empty_shop, mapping)

    assert both.tables == shop.tables | platform.tables
    assert shop.tables.isdisjoint(platform.tables)
    assert set(platform.mapping.sections) == platform.tables == PLATFORM_TABLES == {"events", "shopper_choices"}
    assert set(shop.mapping.sections) == shop.tables


def test_a_session_that_waits_for_the_other_is_kept(empty_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.databases, "IDLE_SECONDS", 0.2)
    heard = list[int]()

    with open_snapshots(list_databases(empty_shop, empty_shop, load_mapping()), lambda: heard.append(1)) as snapshots:
        heard.clear()
        time.sleep(0.1)
        snapshots["shop"].session.fetch("SELECT 1")

    assert len(heard) == 2, "the other one answered too"


def test_a_snapshot_of_each_is_of_one_instant(shop: Engine, server_platform: Engine) -> None:
    with open_snapshots(list_databases(shop, server_platform, load_mapping())) as snapshots:
        add_events(server_platform, 5, 9)
        execute(shop, "DELETE FROM product_reviews")
        rows = {
            role: snapshot.session.fetch(f"SELECT COUNT(*) FROM {table}")
            for (role, snapshot), table in zip(snapshots.items(), ("product_reviews", "events"), strict=True)
        }

    with server_platform.connect() as connection:
        assert len(connection.execute(select(Event)).all()) == 5
    assert rows["platform"] == (0,)
    assert rows["shop"] != (0,)
