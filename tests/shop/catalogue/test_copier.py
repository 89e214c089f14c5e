"""Copies of a shop: equal to it after each round, under any mapping, whatever changes, with odd rows left out."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from shop.catalogue.copier import CatalogueCopier, MassDeletionError, Round, RoundReport
from shop.catalogue.source import ShopSource
from shop.mapping.id_map import IdMap
from shop.mapping.model import load_mapping
from shop.money import DOLLAR
from shop.tables import CatalogueCopy
from tests.shop.catalogue.conftest import read_tables
from tests.support.mappings import write_converting_mapping, write_unstamped_mapping

NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def write_converting_on_sqlite(folder: Path) -> Path:
    """Write the converting mapping with the functions of SQLite."""
    path = write_converting_mapping(folder)
    written = path.read_text().replace("AS SIGNED", "AS INTEGER")
    for name in ("ordered_at", "created_at", "updated_at"):
        written = written.replace(
            f"o.{name} + INTERVAL 9 HOUR",
            f"STRFTIME('%Y-%m-%d %H:%M:%S', o.{name}, '+9 hours') || SUBSTR(o.{name}, 20)",
        )
    path.write_text(written)
    return path


MAPPINGS: dict[str, Callable[[Path], Path | None]] = {
    "canonical": lambda _: None,
    "unstamped": write_unstamped_mapping,
    "converting": write_converting_on_sqlite,
}


@pytest.fixture
def shop(tiny_shop: Engine) -> Engine:
    """The tiny shop, whose orders are of today."""
    execute(tiny_shop, f"UPDATE orders SET ordered_at = {NOW}")
    return tiny_shop


@pytest.fixture
def copier(shop: Engine, platform: Engine) -> CatalogueCopier:
    """A copier of the tiny shop."""
    return CatalogueCopier(ShopSource(shop, load_mapping(), IdMap(platform), DOLLAR), platform)


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def by_name(reports: list[RoundReport]) -> dict[str, RoundReport]:
    return {report.name: report for report in reports}


def test_a_first_round_copies_all_of_it(copier: CatalogueCopier, shop: Engine, platform: Engine) -> None:
    reports = by_name(copier.run_round())

    assert read_tables(platform) == read_tables(shop)
    assert reports["products"].num_written == 6


def test_a_second_round_writes_nothing(copier: CatalogueCopier) -> None:
    copier.run_round()

    assert sum(each.num_written + each.num_deleted + each.num_set_aside for each in copier.run_round()) == 0


def test_a_short_round_reads_what_changed_alone(copier: CatalogueCopier, shop: Engine, platform: Engine) -> None:
    old = "'2025-12-31 00:00:00.000000'"
    execute(shop, f"UPDATE products SET updated_at = {old}", f"UPDATE users SET updated_at = {old}")
    copier.run_round()
    execute(
        shop,
        f"UPDATE products SET price = 9.99, updated_at = {NOW} WHERE product_id = 1",
        "UPDATE products SET price = 8.88, updated_at = '2026-01-02 00:00:00.000000' WHERE product_id = 3",
    )

    reports = by_name(copier.run_round(Round.SHORT))

    assert reports["products"].num_read == 1
    prices = {row[0]: str(row[6]) for row in read_tables(platform)["products"]}
    assert (prices[1], prices[3]) == ("9.990", "3.000"), "the second moved no change column beyond the look back"
    copier.run_round()
    assert read_tables(platform) == read_tables(shop)


def test_what_was_deleted_goes_with_the_next_comparison(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    copier.run_round()
    execute(shop, "DELETE FROM product_reviews", "DELETE FROM products WHERE product_id = 6")

    reports = by_name(copier.run_round())

    assert reports["products"].num_deleted == 1
    assert read_tables(platform) == read_tables(shop)


def test_orders_older_than_a_year_are_not_copied(copier: CatalogueCopier, shop: Engine, platform: Engine) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=400)
    execute(shop, f"UPDATE orders SET ordered_at = '{long_ago:%Y-%m-%d %H:%M:%S.%f}' WHERE order_id = 1")

    copier.run_round()

    copied = read_tables(platform)
    assert 1 not in {row[0] for row in copied["orders"]} | {row[1] for row in copied["order_items"]}
    assert len(copied["orders"]) == len(read_tables(shop)["orders"]) - 1


def test_an_odd_row_is_left_out_and_stops_no_other(copier: CatalogueCopier, shop: Engine, platform: Engine) -> None:
    copier.run_round()
    execute(shop, "UPDATE products SET price = 'free' WHERE product_id = 3", "UPDATE products SET stock = 7")

    reports = by_name(copier.run_round())

    assert reports["products"].num_set_aside == 1
    assert {row[0]: row[7] for row in read_tables(platform)["products"]} == dict.fromkeys((1, 2, 4, 5, 6), 7)
    with platform.connect() as connection:
        counts = dict(connection.execute(select(CatalogueCopy.name, CatalogueCopy.num_set_aside)).all())
    assert counts["products"] == 1
    execute(shop, "UPDATE products SET price = 4 WHERE product_id = 3")
    copier.run_round()
    assert read_tables(platform) == read_tables(shop)


def test_a_row_that_the_platform_refuses_is_left_out_alone(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    execute(
        platform,
        "CREATE TRIGGER refuses BEFORE INSERT ON products WHEN NEW.product_id = 5 BEGIN SELECT RAISE(ABORT, 'no'); END",
    )

    reports = by_name(copier.run_round())

    assert (reports["products"].num_written, reports["products"].num_set_aside) == (5, 1)
    assert [row[0] for row in read_tables(platform)["products"]] == [1, 2, 3, 4, 6]


def test_a_shop_that_lacks_most_of_what_it_had_is_followed_only_if_told_to(
    copier: CatalogueCopier, shop: Engine, platform: Engine
) -> None:
    rows = ", ".join(f"({number}, 1, 'Tea {number}', 1)" for number in range(100, 300))
    execute(shop, f"INSERT INTO products (product_id, category_id, title, price) VALUES {rows}")
    copier.run_round()
    before = read_tables(platform)["products"]
    execute(shop, "DELETE FROM products WHERE product_id >= 100")

    with pytest.raises(MassDeletionError, match="200 of the 206 products"):
        copier.run_round()

    assert read_tables(platform)["products"] == before
    source = ShopSource(shop, load_mapping(), IdMap(platform), DOLLAR)
    CatalogueCopier(source, platform, accepts_deletions=True).run_round()
    assert read_tables(platform) == read_tables(shop)


def test_each_round_notes_when_it_began(copier: CatalogueCopier, platform: Engine) -> None:
    began = datetime.now(UTC)
    copier.run_round()

    with platform.connect() as connection:
        noted = dict(connection.execute(select(CatalogueCopy.name, CatalogueCopy.copied_at)).all())

    assert began <= noted["products"] <= datetime.now(UTC)


@pytest.mark.parametrize("kind", MAPPINGS)
@pytest.mark.parametrize("seed", range(4))
def test_the_copy_equals_the_shop_whatever_happens(
    kind: str, seed: int, shop: Engine, platform: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.catalogue.source.ROWS_AT_ONCE", 3)
    monkeypatch.setattr("shop.catalogue.stored.ROWS_AT_ONCE", 2)
    source = ShopSource(shop, load_mapping(MAPPINGS[kind](tmp_path)), IdMap(platform), DOLLAR)
    copier, chance = CatalogueCopier(source, platform), random.Random(seed)
    copier.run_round()

    for turn in range(6):
        for _ in range(chance.randrange(1, 6)):
            execute(shop, *change_something(chance))
        copier.run_round(Round.SHORT if turn % 2 else Round.WHOLE)
        copier.run_round()

        assert read_tables(platform) == read_tables(shop)


def change_something(chance: random.Random) -> list[str]:
    """Return the statements of one random thing that a shop does."""
    key, number = chance.randrange(1, 7), chance.randrange(10, 10**9)
    return chance.choice(
        [
            [f"UPDATE products SET price = {number % 10_000}.25, stock = {number % 9} WHERE product_id = {key}"],
            [f"UPDATE products SET is_visible = 1 - is_visible, title = 'Té “{number}” 100%' WHERE product_id = {key}"],
            [f"INSERT INTO products (product_id, category_id, title, price) VALUES ({number}, 1, 'New :{key}', 1.5)"],
            ["DELETE FROM order_items WHERE product_id > 6", "DELETE FROM products WHERE product_id > 6"],
            [
                f"INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES ({number}, 1, {NOW}, 3)",
                f"INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES ({number}, 1, 2, 1.5)",
            ],
            [f"UPDATE orders SET status = 'cancelled' WHERE order_id % 3 = {key % 3}"],
            [f"DELETE FROM order_items WHERE order_item_id % 5 = {key % 5}"],
            [f"UPDATE categories SET name = 'Shelf {number}', position = {key}"],
        ]
    )
