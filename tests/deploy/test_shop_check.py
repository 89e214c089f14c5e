"""Files and databases of `SHOP=` are opened before anything starts, and all that is wrong with them is said at once."""

from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from deploy.interpreter import SetupError
from deploy.shop_check import check_shop
from deploy.shop_choice import read_shop
from settings import Settings
from shop.database import open_engine
from shop.migrate import migrate
from tests.support.database_servers import DatabaseServer
from tests.support.ports import free_ports
from tests.support.shopify_export import write_shopify_export

NAMES = {
    "users": "user_id",
    "products": "product_id,category_id,title",
    "orders": "order_id,user_id,ordered_at",
    "order_items": "order_id,product_id,quantity,unit_price",
}


def explain(shop: str, settings: Settings) -> str:
    """What is said of a shop that is refused."""
    with pytest.raises(SetupError) as refused:
        check_shop(read_shop(shop), settings)
    return str(refused.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, header in NAMES.items():
        (tmp_path / f"{name}.csv").write_text(f"{header}\n", encoding="utf-8")
    return tmp_path


def test_a_folder_is_held_to_its_columns(folder: Path, tmp_path: Path) -> None:
    check_shop(read_shop(f"directory {folder}"), Settings(var_dir=tmp_path / "var"))
    (folder / "orders.csv").write_text("order_id;user_id\n", encoding="utf-8")
    (folder / "users.csv").write_text("customer\n", encoding="utf-8")
    (folder / "coupons.parquet").write_text("no parquet", encoding="utf-8")

    said = explain(f"directory {folder}", Settings(var_dir=tmp_path / "var"))

    assert "users.csv lacks the columns user_id; it has customer" in said
    assert "orders.csv is separated by semicolons" in said
    assert "coupons.parquet cannot be read as parquet" in said


def test_an_export_is_held_to_its_mapping(tmp_path: Path) -> None:
    write_shopify_export(tmp_path / "export", num_buyers=30, num_products=12)
    shop, settings = f"directory {tmp_path / 'export'} --mapping shopify-csv", Settings(var_dir=tmp_path / "var")
    check_shop(read_shop(shop), settings)
    orders = tmp_path / "export" / "orders_export.csv"
    orders.write_text(orders.read_text().replace("Created at", "Made at", 1).replace("Lineitem sku", "SKU", 1))

    said = explain(shop, settings)

    assert "orders_export.csv has no column 'Created at'" in said
    assert "orders_export.csv has no column 'Lineitem sku'" in said


def test_a_mapping_of_the_other_kind_says_what_to_write(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path / "var", shop_database_url=f"sqlite:///{tmp_path / 'theirs.db'}")

    assert "write 'directory DIR --mapping NAME'" in explain("mapping shopify-csv", settings)
    assert "it reads a database" in explain(f"directory {tmp_path} --mapping woocommerce", settings)


def test_a_mapping_wants_a_database_of_the_shops_own(tmp_path: Path) -> None:
    theirs = f"sqlite:///{tmp_path / 'theirs.db'}"
    shared = Settings(var_dir=tmp_path, shop_database_url=theirs, platform_database_url=theirs)

    assert "SHOP_DATABASE_URL='mysql+pymysql://" in explain("mapping woocommerce", Settings(var_dir=tmp_path))
    assert "name another database in PLATFORM_DATABASE_URL" in explain("mapping canonical", shared)


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url = f"mysql+pymysql://reader:secret@127.0.0.1:{port}/shop"

    for shop in ("mapping woocommerce", "demo"):
        said = explain(shop, Settings(var_dir=tmp_path, shop_database_url=url))
        assert f"reader:***@127.0.0.1:{port}/shop: error 2003" in said
        assert "secret" not in said


def test_a_database_is_held_to_its_mapping(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    settings = Settings(var_dir=tmp_path / "var", shop_database_url=url)
    migrate(url)
    check_shop(read_shop("mapping canonical"), settings)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders RENAME COLUMN ordered_at TO at"))
        connection.execute(text("DROP TABLE product_reviews"))
    engine.dispose()

    said = explain("mapping canonical", settings)

    assert "[orders] orders.ordered_at is missing" in said
    assert "[product_reviews] table product_reviews is missing" in said


def test_an_account_that_may_not_read_a_table_is_told_so(
    any_server: DatabaseServer, any_server_url: str, tmp_path: Path
) -> None:
    migrate(any_server_url)
    owner = make_url(any_server_url)
    reader = f"'less_{owner.username}'@'%'"
    any_server.execute(
        f"CREATE USER {reader} IDENTIFIED BY 'a-password-of-the-test'",
        *(f"GRANT SELECT ON {owner.database}.{table} TO {reader}" for table in ("users", "categories", "products")),
        f"GRANT SELECT (order_id) ON {owner.database}.orders TO {reader}",
    )
    url = owner.set(username=f"less_{owner.username}", password="a-password-of-the-test")

    settings = Settings(var_dir=tmp_path, shop_database_url=url.render_as_string(hide_password=False))
    said = explain("mapping canonical", settings)

    any_server.execute(f"DROP USER {reader}")
    assert "[orders]" in said
    assert "[order_items]" in said
    assert "[products]" not in said
