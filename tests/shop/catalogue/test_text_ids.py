"""Copies of a shop with ids of text: whole, equal to it under its own ids after each round, numbers given once."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from shop.catalogue.copier import CatalogueCopier, MassDeletionError, Round
from shop.catalogue.source import ShopSource
from shop.database import open_engine
from shop.mapping.id_map import IdMap
from shop.mapping.model import parse_mapping
from shop.money import DOLLAR
from tests.support.uuid_shop import (
    ALIKE,
    MAPPING,
    add_ware,
    change_something,
    execute,
    fill_uuid_shop,
    read_copy,
    read_shop,
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    """The shop, in a file."""
    engine = open_engine(f"sqlite:///{tmp_path / 'theirs.db'}")
    fill_uuid_shop(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def source(shop: Engine, platform: Engine) -> ShopSource:
    """The shop as its mapping reads it."""
    return ShopSource(shop, parse_mapping(MAPPING, "own.toml"), IdMap(platform), DOLLAR)


@pytest.fixture
def copier(source: ShopSource, platform: Engine) -> CatalogueCopier:
    """A copier of it."""
    return CatalogueCopier(source, platform)


def read_stamps(platform: Engine, table: str) -> dict[int, tuple[str, str]]:
    """Read both time stamps by key."""
    with platform.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings().all()
    return {next(iter(row.values())): (row["created_at"], row["updated_at"]) for row in rows}


def test_all_orders_are_copied_those_of_guests_and_of_long_ago_too(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    execute(shop, "UPDATE sales SET placed = '2011-01-01 00:00:00' WHERE shopper IS NULL")

    copier.run_round()

    assert read_copy(platform) == read_shop(shop)
    assert any(user is None for _, user in read_shop(shop)["orders"])


def test_what_differs_by_a_character_is_another_product(copier: CatalogueCopier, platform: Engine) -> None:
    copier.run_round()

    assert len(set(IdMap(platform).numbers_of("products", ALIKE).values())) == len(ALIKE)
    assert {row[0] for row in read_copy(platform)["products"]} == set(ALIKE)


def test_a_second_round_writes_nothing_and_gives_out_no_number(copier: CatalogueCopier, platform: Engine) -> None:
    copier.run_round()
    stamps = read_stamps(platform, "products")

    reports = copier.run_round()

    assert sum(each.num_written + each.num_deleted + each.num_set_aside for each in reports) == 0
    assert read_stamps(platform, "products") == stamps
    assert IdMap(platform).numbers_of("products", ["new"], create=True) == {"new": len(ALIKE) + 1}


def test_a_changed_row_alone_is_stamped_anew_by_the_platforms_clock(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    copier.run_round()
    before = read_stamps(platform, "products")
    execute(shop, "UPDATE goods SET name = '새 이름' WHERE sku = 'a '")

    copier.run_round()

    after = read_stamps(platform, "products")
    number = IdMap(platform).numbers_of("products", ["a "])["a "]
    assert {key for key in after if after[key] != before[key]} == {number}
    assert after[number][1] > before[number][1]
    stamp = datetime.fromisoformat(after[number][1]).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=10)


def test_an_id_that_comes_back_has_the_number_that_it_had(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    copier.run_round()
    before = IdMap(platform).numbers_of("products", ALIKE)
    execute(shop, "DELETE FROM goods WHERE sku = '0012'")
    copier.run_round()
    assert read_copy(platform) == read_shop(shop)
    execute(shop, add_ware("0012", "T1", 5))

    copier.run_round()

    assert read_copy(platform) == read_shop(shop)
    assert IdMap(platform).numbers_of("products", ALIKE) == before


def test_a_line_of_a_product_that_is_not_there_finds_it_once_it_is(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    execute(shop, "UPDATE sale_lines SET sku = 'to come' WHERE line = '1'")
    copier.run_round()
    assert read_copy(platform) == read_shop(shop)
    execute(shop, add_ware("to come", "T1", 5))

    copier.run_round()

    assert read_copy(platform) == read_shop(shop)


def test_odd_rows_are_left_out_and_named_by_the_shops_own_id(
    copier: CatalogueCopier, shop: Engine, platform: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    execute(
        shop,
        "UPDATE goods SET price = 'free' WHERE sku = 'a '",
        f"UPDATE goods SET sku = '{'x' * 2000}' WHERE sku = 'A'",
        "UPDATE goods SET sku = CAST(X'61FF' AS TEXT) WHERE sku = '12'",
    )
    expected = {row for row in read_shop(shop)["products"] if row[0] in {"a", "0012", *ALIKE[5:]}}

    with caplog.at_level(logging.WARNING):
        reports = {report.name: report for report in copier.run_round()}

    assert reports["products"].num_set_aside == 3
    assert read_copy(platform)["products"] == expected
    assert "table=products key=a  reason='price is no money'" in caplog.text


def test_a_shop_that_lacks_most_of_what_it_had_is_not_followed(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    execute(shop, *(add_ware(f"many {number}", "T1", number) for number in range(200)))
    copier.run_round()
    before = read_copy(platform)["products"]
    execute(shop, "DELETE FROM goods WHERE sku LIKE 'many%'")

    with pytest.raises(MassDeletionError, match="200 of the 208 products"):
        copier.run_round()

    assert read_copy(platform)["products"] == before


@pytest.mark.parametrize("seed", range(6))
def test_the_copy_equals_the_shop_whatever_happens(
    seed: int,
    copier: CatalogueCopier,
    shop: Engine,
    platform: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shop.catalogue.source.ROWS_AT_ONCE", 3)
    monkeypatch.setattr("shop.catalogue.stored.ROWS_AT_ONCE", 2)
    chance = Random(seed)
    copier.run_round()

    for turn in range(6):
        for _ in range(chance.randrange(1, 6)):
            execute(shop, *(one.replace("INSERT", "INSERT OR REPLACE") for one in change_something(chance)))
        copier.run_round(Round.SHORT if turn % 2 else Round.WHOLE)
        copier.run_round(Round.EXACT if turn % 3 else Round.WHOLE)

        assert read_copy(platform) == read_shop(shop)
