"""An installation with one database becomes one with two: nothing lost, safe to repeat and to kill."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, insert, inspect, select, text
from sqlalchemy.exc import OperationalError

from settings import load_settings
from shop import split
from shop.database import open_engine, session_scope
from shop.mapping.id_map import IdMap
from shop.migrate import PLATFORM, SHOP, list_differences, migrate
from shop.split import SplitError, main, split_database
from shop.tables import AuditLog, Order, PlatformBase, Recommendation
from tests.api.conftest import publish_by_hand
from tests.support.tiny_shop import day, fill_tiny_shop

NUM_ROWS = {
    "audit_log": 1,
    "batch_buckets": 0,
    "batch_pointer": 1,
    "events": 2,
    "popular_lists": 5,
    "product_neighbours": 1,
    "recommendation_batches": 1,
    "recommendations": 2,
    "storefront_documents": 0,
}

TEXT_IDS = (("products", 1, "0012"), ("products", 4, "12"), ("users", 1, "가 "))


def fill_old_installation(engine: Engine) -> None:
    """Fill the one database of an installation from before: shop, lists, events, audit log."""
    fill_tiny_shop(engine)
    publish_by_hand(engine)
    with session_scope(engine) as session:
        session.add(
            AuditLog(actor="민지", action="promote", subject="alias/champion", to_value="7", details={"a": 1.5})
        )
        for number in (0, 1):
            key = f"order:x:{number}"
            event = {"event_key": key, "event_type": "order", "product_id": 1, "request_id": "r"}
            session.execute(insert(PlatformBase.metadata.tables["events"]).values(**event, occurred_at=day(20, number)))


@pytest.fixture
def old_shop(any_shop_url: str) -> Iterator[Engine]:
    """Such a database on each of the three kinds, without the tables that only two databases have."""
    engine = open_engine(any_shop_url)
    migrate(engine)
    fill_old_installation(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Engine]:
    """A file that is to be the platform's."""
    engine = open_engine(f"sqlite:///{tmp_path / 'platform.db'}")
    yield engine
    engine.dispose()


LATER_COLUMNS = frozenset({"shelf", "place", "propensity", "shelf_statistics"})
"""Columns of the platform's tables that databases from before they were apart never had."""


def read_all(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of the tables that move."""
    with engine.connect() as connection:
        return {
            name: [
                tuple(row)
                for row in connection.execute(
                    select(*(each for each in table.columns if each.name not in LATER_COLUMNS)).order_by(
                        *table.primary_key.columns
                    )
                )
            ]
            for name, table in PlatformBase.metadata.tables.items()
            if name in NUM_ROWS
        }


def test_all_rows_move_and_the_shop_keeps_its_own(old_shop: Engine, platform: Engine) -> None:
    before, lines = read_all(old_shop), list[str]()

    moved = split_database(old_shop, platform, lines.append)

    assert moved == NUM_ROWS
    assert read_all(platform) == before
    assert "events: 2 rows" in lines
    assert list_differences(old_shop, SHOP) == list_differences(platform, PLATFORM) == []
    assert not set(inspect(old_shop).get_table_names()) & {*PlatformBase.metadata.tables, PLATFORM.version_table}
    with session_scope(old_shop) as session:
        assert len(session.scalars(select(Order)).all()) == 7


def test_a_platform_on_a_server_takes_over_from_a_file(tiny_shop: Engine, any_server_url: str) -> None:
    publish_by_hand(tiny_shop)
    before, platform = read_all(tiny_shop), open_engine(any_server_url)

    split_database(tiny_shop, platform, lambda _: None)

    assert read_all(platform) == before
    platform.dispose()


def add_text_ids(engine: Engine) -> None:
    """Give out numbers as an installation from before did, in the shop's database."""
    rows = [{"kind": kind, "number": number, "text": text} for kind, number, text in TEXT_IDS]
    with engine.begin() as connection:
        connection.execute(insert(split.TEXT_IDS), rows)


def test_numbers_of_ids_of_text_move_once_and_stay_as_they_are(old_shop: Engine, platform: Engine) -> None:
    add_text_ids(old_shop)

    split_database(old_shop, platform, lambda _: None)

    assert split.move_text_ids(old_shop, platform) == 0
    assert not inspect(old_shop).has_table("text_ids")
    ids = IdMap(platform)
    assert ids.numbers_of("products", ["0012", "12"]) == {"0012": 1, "12": 4}
    assert ids.numbers_of("products", ["new"], create=True) == {"new": 5}
    assert ids.texts_of("users", [1]) == {1: "가 "}


def test_they_move_within_one_database_too(any_empty_shop: Engine) -> None:
    add_text_ids(any_empty_shop)

    split.migrate_both(any_empty_shop, any_empty_shop)

    assert IdMap(any_empty_shop).texts_of("products", [1, 2, 4]) == {1: "0012", 4: "12"}


def test_their_move_goes_on_after_it_was_killed(empty_shop: Engine, platform: Engine) -> None:
    add_text_ids(empty_shop)

    def die(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("DROP"):
            raise KeyboardInterrupt

    event.listen(empty_shop, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        split.migrate_both(empty_shop, platform)
    event.remove(empty_shop, "before_cursor_execute", die)

    split.migrate_both(empty_shop, platform)

    assert not inspect(empty_shop).has_table("text_ids")
    assert IdMap(platform).texts_of("products", [1, 4]) == {1: "0012", 4: "12"}


def test_twice_is_once(old_shop: Engine, platform: Engine) -> None:
    split_database(old_shop, platform, lambda _: None)
    before = read_all(platform)

    assert split_database(old_shop, platform, lambda _: None) == {}
    assert read_all(platform) == before


@pytest.mark.parametrize("table", sorted(NUM_ROWS))
def test_killed_while_it_copies_it_starts_over(empty_shop: Engine, platform: Engine, table: str) -> None:
    fill_old_installation(empty_shop)
    before = read_all(empty_shop)

    def die(line: str) -> None:
        if line.startswith(f"{table}:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        split_database(empty_shop, platform, die)
    assert read_all(empty_shop) == before
    assert not any(read_all(platform).values())

    split_database(empty_shop, platform, lambda _: None)

    assert read_all(platform) == before


def test_killed_while_it_drops_it_goes_on(old_shop: Engine, platform: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_all(old_shop)

    def drop_some(shop: Connection, *_: object) -> None:
        for name in ("recommendations", "audit_log"):
            shop.execute(text(f"DROP TABLE {name}"))
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(split, "_drop", drop_some)
        with pytest.raises(KeyboardInterrupt):
            split_database(old_shop, platform, lambda _: None)

    split_database(old_shop, platform, lambda _: None)

    assert read_all(platform) == before
    assert not set(inspect(old_shop).get_table_names()) & set(PlatformBase.metadata.tables)


def test_a_service_from_before_writes_nothing_that_is_lost(old_shop: Engine, platform: Engine) -> None:
    late = open_engine(old_shop.url, read_timeout_seconds=1)
    refused = list[OperationalError]()

    def write(line: str) -> None:
        if line.startswith("events:"):
            with pytest.raises(OperationalError) as failure, late.begin() as connection:
                connection.execute(text("UPDATE events SET request_id = 'late'"))
            refused.append(failure.value)

    split_database(old_shop, platform, write)

    late.dispose()
    assert len(refused) == 1
    assert list_differences(old_shop, SHOP) == []


def test_other_rows_of_the_platforms_are_never_mixed_with_these(old_shop: Engine, platform: Engine) -> None:
    migrate(platform, PLATFORM)
    with session_scope(platform) as session:
        session.add(AuditLog(actor="a", action="promote", subject="alias/champion", to_value="3"))
    before = read_all(old_shop)

    with pytest.raises(SplitError, match=r"audit_log has 1 rows .* and 1 in the platform's.*Nothing was dropped"):
        split_database(old_shop, platform, lambda _: None)

    assert read_all(old_shop) == before


def test_a_database_is_not_split_into_itself(old_shop: Engine) -> None:
    before, again = read_all(old_shop), open_engine(old_shop.url)

    with pytest.raises(SplitError, match="lead to one database"):
        split_database(old_shop, again, lambda _: None)

    assert read_all(old_shop) == before
    again.dispose()


def test_lists_that_are_no_json_move_as_they_are(empty_shop: Engine, platform: Engine) -> None:
    fill_old_installation(empty_shop)
    with empty_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE recommendations SET products = '[[1, 1, NaN, \"x\"]]' WHERE user_id = 1")

    split_database(empty_shop, platform, lambda _: None)

    with platform.connect() as connection:
        [(found,)] = connection.exec_driver_sql("SELECT products FROM recommendations WHERE user_id = 1")
    assert found == '[[1, 1, NaN, "x"]]'


def test_a_shop_that_was_never_ours_is_left_alone(tmp_path: Path, platform: Engine) -> None:
    with sqlite3.connect(tmp_path / "theirs.db") as connection:
        connection.execute("CREATE TABLE events (id INTEGER)")
    engine = open_engine(f"sqlite:///{tmp_path / 'theirs.db'}")

    assert split_database(engine, platform, lambda _: None) == {}

    assert inspect(engine).get_table_names() == ["events"]
    assert inspect(platform).get_table_names() == []
    engine.dispose()


def test_the_command_wants_two_databases_and_says_what_it_moved(
    empty_shop: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_old_installation(empty_shop)
    for name in ("SHOP_DATABASE_URL", "PLATFORM_DATABASE_URL"):
        monkeypatch.setenv(name, f"sqlite:///{tmp_path / 'shop.db'}")
    load_settings.cache_clear()
    refused = main([])
    monkeypatch.setenv("PLATFORM_DATABASE_URL", f"sqlite:///{tmp_path / 'platform.db'}")
    load_settings.cache_clear()

    codes = [refused, main([]), main([])]

    load_settings.cache_clear()
    written = capsys.readouterr()
    assert codes == [1, 0, 0]
    assert "PLATFORM_DATABASE_URL" in written.err
    assert "moved 13 rows to sqlite:" in written.out
    assert "nothing to move" in written.out
    platform = open_engine(f"sqlite:///{tmp_path / 'platform.db'}")
    with session_scope(platform) as session:
        assert len(session.scalars(select(Recommendation)).all()) == 2
    platform.dispose()
