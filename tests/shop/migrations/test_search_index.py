from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect

from shop.migrate import MIGRATIONS, SHOP
from shop.migrations.search_index import COLUMN
from tests.support.tiny_shop import fill_tiny_shop


def move(engine: Engine, revision: str) -> None:
    """Bring the shop's schema back to a revision, or to the newest."""
    config = Config()
    for name, value in (("script_location", MIGRATIONS), ("version_locations", SHOP.revisions)):
        config.set_main_option(name, str(value))
    config.set_main_option("path_separator", "newline")
    with engine.begin() as connection:
        config.attributes |= {"connection": connection, "schema": SHOP}
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)


def test_the_index_goes_without_a_trace_and_comes_back_over_rows(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)

    move(any_empty_shop, "0012")
    tables = inspect(any_empty_shop).get_table_names()
    columns = [column["name"] for column in inspect(any_empty_shop).get_columns("products")]
    assert not [name for name in (*tables, *columns) if name == COLUMN or name.startswith("product_search")]

    move(any_empty_shop, "head")
    with any_empty_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET title = 'Oat Milk' WHERE product_id = 1")
        text = "product_search WHERE product_search MATCH '\"oat milk\"'"
        if connection.dialect.name != "sqlite":
            text = f"products WHERE {COLUMN} LIKE '%%oat milk%%'"
        assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {text}").scalar() == 1
