from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from shop.database import session_scope
from shop.loaders.directory import build_directory_shop
from shop.loaders.validation import InvalidShopError
from shop.loaders.writing import RowBatch, ShopNotEmptyError, write_shop
from shop.migrate import list_differences
from shop.tables import Product, User
from tests.shop.loaders.shop_files import write_shop_files
from tests.support.tiny_shop import fill_tiny_shop


def ignore(_line: str) -> None:
    pass


def list_users(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(User.user_id).order_by(User.user_id)))


def batches_of(tmp_path: Path) -> list[RowBatch]:
    return list(build_directory_shop(write_shop_files(tmp_path / "shop"), ignore))


def test_a_shop_with_rows_is_refused(any_empty_shop: Engine, tmp_path: Path) -> None:
    fill_tiny_shop(any_empty_shop)

    with pytest.raises(ShopNotEmptyError, match="--replace"):
        write_shop(any_empty_shop, batches_of(tmp_path), replace=False, report=ignore)

    assert list_users(any_empty_shop) == [1, 2, 3, 4]


def test_replacing_leaves_nothing_of_the_old_shop(any_empty_shop: Engine, tmp_path: Path) -> None:
    fill_tiny_shop(any_empty_shop)

    write_shop(any_empty_shop, batches_of(tmp_path), replace=True, report=ignore)

    with session_scope(any_empty_shop) as session:
        assert list(session.scalars(select(Product.product_id).order_by(Product.product_id))) == [10, 11, 12]


def test_a_load_that_fails_leaves_the_old_shop(any_empty_shop: Engine, tmp_path: Path) -> None:
    fill_tiny_shop(any_empty_shop)
    batches = batches_of(tmp_path)
    broken = [*batches[:-4], RowBatch("order_items", batches[-4].frame.with_columns(quantity=0))]

    with pytest.raises(InvalidShopError, match="quantity"):
        write_shop(any_empty_shop, broken, replace=True, report=ignore)

    assert list_users(any_empty_shop) == [1, 2, 3, 4]
    assert list_differences(any_empty_shop) == []


def test_a_loaded_shop_has_all_its_indexes(any_empty_shop: Engine, tmp_path: Path) -> None:
    write_shop(any_empty_shop, batches_of(tmp_path), replace=False, report=ignore)

    assert list_differences(any_empty_shop) == []


def test_the_search_index_is_of_what_was_loaded_and_follows_it(empty_shop: Engine, tmp_path: Path) -> None:
    fill_tiny_shop(empty_shop)

    write_shop(empty_shop, batches_of(tmp_path), replace=True, report=ignore)

    with empty_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET title = 'Renamed' WHERE product_id = 10")
        connection.exec_driver_sql("INSERT INTO product_search(product_search, rank) VALUES ('integrity-check', 1)")
        found = "SELECT rowid FROM product_search WHERE product_search MATCH 'renamed OR milk'"
        assert connection.exec_driver_sql(found).scalars().all() == [10]


def test_the_writer_wants_every_column(empty_shop: Engine, tmp_path: Path) -> None:
    users = batches_of(tmp_path)[0]

    with pytest.raises(InvalidShopError, match="column 'created_at' is missing"):
        write_shop(empty_shop, [RowBatch("users", users.frame.drop("created_at"))], replace=False, report=ignore)


def test_keys_that_repeat_in_a_later_batch_are_refused(any_empty_shop: Engine, tmp_path: Path) -> None:
    users = batches_of(tmp_path)[0]

    with pytest.raises(InvalidShopError, match="users"):
        write_shop(any_empty_shop, [users, users], replace=False, report=ignore)

    assert list_users(any_empty_shop) == []


def test_progress_is_told(empty_shop: Engine, tmp_path: Path) -> None:
    lines: list[str] = []

    write_shop(empty_shop, batches_of(tmp_path), replace=False, report=lines.append)

    assert "order_items: 5 rows" in lines


def test_an_unmigrated_database_is_migrated(sqlite_url: str, tmp_path: Path) -> None:
    from shop.database import open_engine

    engine = open_engine(sqlite_url)
    write_shop(engine, batches_of(tmp_path), replace=False, report=ignore)

    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(User)) == 3
    engine.dispose()
