"""Shops with ids of text with change columns: a sync reads what changed, as of one instant, and loses none.

The shop is the canonical one on real servers, whose whole numbers are read as text, so that the random writers of the
other property test write to it.
"""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, select, update

from shop.catalogue.copier import CatalogueCopier, Round, RoundReport
from shop.catalogue.source import ShopSource
from shop.mapping.canonical import CANONICAL_TABLES, CREATED_AT, UPDATED_AT
from shop.mapping.id_map import IdMap
from shop.mapping.model import ShopMapping, load_mapping
from shop.money import DOLLAR
from shop.tables import CatalogueCopy
from tests.features.sync.behaviour.test_property import start_writers

NUM_ROUNDS = 12
MAPPING = 'extends = "canonical"\nids = "text"\n'
LONG_AGO = "'2026-01-01 00:00:00'"
TABLES = ("users", "categories", "products", "orders", "order_items", "product_reviews")

Rows = dict[str, set[tuple[Any, ...]]]


@pytest.fixture
def mapping(tmp_path: Path) -> ShopMapping:
    """The canonical shop, with ids of text."""
    path = tmp_path / "text.toml"
    path.write_text(MAPPING, encoding="utf-8")
    return load_mapping(path).of(TABLES)


@pytest.fixture
def copier(server_shop: Engine, server_platform: Engine, mapping: ShopMapping) -> CatalogueCopier:
    """A copier of the shop, whose rows are of long ago."""
    with server_shop.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(f"UPDATE {table} SET updated_at = {LONG_AGO}")
    return CatalogueCopier(ShopSource(server_shop, mapping, IdMap(server_platform), DOLLAR), server_platform)


def read_both(shop: Engine, platform: Engine, mapping: ShopMapping) -> tuple[Rows, Rows]:
    """Read what the copy holds, under the shop's own ids, and what the shop has."""
    ids, copied, theirs = IdMap(platform), {}, {}
    for table in CANONICAL_TABLES:
        if table.name not in TABLES:
            continue
        owners = mapping.find_text_ids(table)
        names = [field.name for field in table.columns if field.name not in (CREATED_AT, UPDATED_AT)]
        sql = f"SELECT {', '.join(names)} FROM {table.name}"
        with platform.connect() as ours, shop.connect() as others:
            columns = list(zip(*ours.exec_driver_sql(sql).all(), strict=True))
            theirs[table.name] = {tuple(row) for row in others.exec_driver_sql(sql)}
        for at, name in enumerate(names):
            if name in owners:
                texts = ids.texts_of(owners[name], {number for number in columns[at] if number is not None})
                columns[at] = tuple(None if number is None else int(texts[number]) for number in columns[at])
        copied[table.name] = set(zip(*columns, strict=True))
    return copied, theirs


def by_name(reports: list[RoundReport]) -> dict[str, RoundReport]:
    return {report.name: report for report in reports}


def test_a_second_copy_reads_the_changed_rows_alone(
    copier: CatalogueCopier, server_shop: Engine, server_platform: Engine, mapping: ShopMapping
) -> None:
    copier.run_round(Round.EXACT)
    with server_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET price = 9.25 WHERE product_id IN (1, 2)")
        connection.exec_driver_sql("UPDATE orders SET status = 'cancelled' WHERE order_id = 1")

    reports = by_name(copier.run_round(Round.EXACT))

    assert {name: reports[name].num_read for name in TABLES} == {
        **dict.fromkeys(TABLES, 0),
        "products": 2,
        "orders": 1,
    }
    copied, theirs = read_both(server_shop, server_platform, mapping)
    assert copied == theirs


def test_nothing_is_lost_whatever_writers_do_beside_it(
    copier: CatalogueCopier, server_shop: Engine, server_platform: Engine, mapping: ShopMapping
) -> None:
    copier.run_round(Round.EXACT)
    others = create_engine(
        server_shop.url, connect_args={"init_command": "SET time_zone='+00:00', innodb_lock_wait_timeout=1"}
    )
    for seed in range(NUM_ROUNDS):
        writers = start_writers(others, random.Random(seed), is_stamped=True, has_ties=True)
        copier.run_round(Round.EXACT)
        for writer in writers:
            writer.let_commit()
        for writer in writers:
            writer.join()

        copier.run_round(Round.EXACT)

        copied, theirs = read_both(server_shop, server_platform, mapping)
        assert copied == theirs, f"seed {seed}"
    others.dispose()


def test_what_no_change_column_tells_is_found_once_a_day(
    copier: CatalogueCopier, server_shop: Engine, server_platform: Engine, mapping: ShopMapping
) -> None:
    copier.run_round(Round.EXACT)
    with server_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET stock = 77, updated_at = updated_at WHERE product_id = 1")
    assert by_name(copier.run_round(Round.EXACT))["products"].num_read == 0

    let_a_day_pass(server_platform)
    copier.run_round(Round.EXACT)

    copied, theirs = read_both(server_shop, server_platform, mapping)
    assert copied == theirs


def test_all_tables_are_of_one_instant(
    copier: CatalogueCopier, server_shop: Engine, server_platform: Engine, mapping: ShopMapping
) -> None:
    others = create_engine(server_shop.url)
    ordered: list[str] = []

    @event.listens_for(server_shop, "before_cursor_execute")
    def _order_between(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "AS order_items" in statement and not ordered:
            ordered.append(statement)
            with others.begin() as connection:
                for one in (
                    "INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES (900, 1, NOW(6), 5)",
                    "INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES (900, 1, 1, 5)",
                ):
                    connection.exec_driver_sql(one)

    copier.run_round()

    copied, theirs = read_both(server_shop, server_platform, mapping)
    assert ordered
    assert {order for _, order, *_ in copied["order_items"]} <= {order for order, *_ in copied["orders"]}
    assert copied != theirs
    copier.run_round(Round.EXACT)
    copied, theirs = read_both(server_shop, server_platform, mapping)
    assert copied == theirs
    others.dispose()


def let_a_day_pass(platform: Engine) -> None:
    """Date the last comparisons a day back."""
    with platform.begin() as connection:
        for name, compared_at in connection.execute(select(CatalogueCopy.name, CatalogueCopy.compared_at)).all():
            earlier = {"compared_at": compared_at - timedelta(days=1)}
            connection.execute(update(CatalogueCopy).where(CatalogueCopy.name == name).values(earlier))
