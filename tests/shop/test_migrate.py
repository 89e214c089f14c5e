import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, Text, inspect, select, text, type_coerce
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from settings import load_settings
from shop.catalogue.tables import COPIED_TABLES, WHOLE_TABLES
from shop.database import open_engine
from shop.mapping.inspection import inspect_shop
from shop.mapping.model import load_mapping
from shop.migrate import MIGRATIONS, PLATFORM, SHOP, Schema, list_differences, main, migrate
from shop.migrations.change_log import LOG
from shop.migrations.search_index import COLUMN, INDEX
from shop.tables import DECLARED, PlatformBase, Recommendation
from tests.features.shop_writes import execute


def test_models_and_migrations_agree(any_empty_shop: Engine) -> None:
    assert list_differences(any_empty_shop) == []
    assert list_differences(any_empty_shop, PLATFORM) == []


def test_models_and_migrations_of_the_platform_alone_agree(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)

    revision = migrate(engine, PLATFORM)

    assert revision == migrate(engine, PLATFORM)
    assert list_differences(engine, PLATFORM) == []
    copied = {table.name for table in COPIED_TABLES}
    tables = {name for name in inspect(engine).get_table_names() if not name.startswith(INDEX)}
    assert tables == {*PlatformBase.metadata.tables, PLATFORM.version_table, LOG, *copied}
    engine.dispose()


def test_both_schemas_fit_into_one_database(any_empty_shop: Engine) -> None:
    migrate(any_empty_shop, PLATFORM)

    assert list_differences(any_empty_shop, SHOP) == list_differences(any_empty_shop, PLATFORM) == []


@pytest.mark.parametrize("name", ["a shop", "가게", "a,b:c;d", "100%"])
def test_the_clone_may_lie_in_a_folder_of_any_name(
    any_shop_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    shutil.copytree(MIGRATIONS, folder)
    monkeypatch.setattr("shop.migrate.MIGRATIONS", folder)
    engine = open_engine(any_shop_url)

    for schema in (SHOP, PLATFORM):
        migrate(engine, replace(schema, revisions=folder / schema.name))
        assert list_differences(engine, schema) == []
    engine.dispose()


def test_a_column_that_is_missing_is_named(empty_shop: Engine) -> None:
    with empty_shop.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log DROP COLUMN reason"))

    assert list_differences(empty_shop) == []
    [difference] = list_differences(empty_shop, PLATFORM)
    assert "reason" in difference


def test_the_copy_has_every_column_that_pages_and_the_sync_read(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)
    migrate(engine, PLATFORM)

    for table in WHOLE_TABLES:
        columns = {column["name"] for column in inspect(engine).get_columns(table.name)}
        assert columns - {COLUMN} == {field.name for field in table.fields} | {"updated_at"}, table.name
    with engine.connect() as connection:
        assert inspect_shop(connection, load_mapping().of({table.name for table in WHOLE_TABLES})) == ([], [])
    engine.dispose()


def test_a_copy_from_before_keeps_its_rows_and_takes_guests(any_shop_url: str, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS / "platform", older)
    for path in older.glob("*.py"):
        if path.stem > "0006":
            path.unlink()
    engine = open_engine(any_shop_url)
    migrate(engine, replace(PLATFORM, revisions=older))
    order = "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount) VALUES ({}, {}, 'paid', {}, 1)"
    execute(engine, order.format(1, 7, "'2026-01-01'"))
    with pytest.raises(DBAPIError):
        execute(engine, order.format(2, "NULL", "'2026-01-01'"))

    migrate(engine, PLATFORM)

    execute(engine, order.format(2, "NULL", "'2026-01-01'"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT order_id, user_id FROM orders ORDER BY 1").all() == [
            (1, 7),
            (2, None),
        ]
    engine.dispose()


def test_lists_published_before_stay_as_they_were_told(any_server_url: str, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS / "platform", older)
    (older / "0016_keep_lists_as_text.py").unlink()
    engine = open_engine(any_server_url)
    migrate(engine, replace(PLATFORM, revisions=older))
    products = [[7, 3, 0.25, "bought_before"], [8, 3, 0.125, "popular"]]
    execute(
        engine,
        "INSERT INTO recommendation_batches (batch_id, epoch, as_of, model_version, state)"
        " VALUES ('b', 1, '2026-01-01', '1', 'published')",
        f"INSERT INTO recommendations (batch_id, user_id, products) VALUES ('b', 1, '{json.dumps(products)}')",
    )

    migrate(engine, PLATFORM)

    with Session(engine) as session:
        assert session.scalars(select(Recommendation.products)).all() == [products]
        kept = session.scalars(select(type_coerce(Recommendation.products, Text))).one()
    assert json.loads(kept) == products
    columns = {each["name"]: each["type"] for each in inspect(engine).get_columns("recommendations")}
    assert isinstance(columns["products"], LONGTEXT)
    engine.dispose()


def test_check_constraints_of_models_and_migrations_agree(any_empty_shop: Engine) -> None:
    inspector = inspect(any_empty_shop)

    for name, table in DECLARED.items():
        declared = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        migrated = {str(c["name"]) for c in inspector.get_check_constraints(name)}
        assert declared <= migrated, name


def test_migrating_twice_changes_nothing(any_empty_shop: Engine) -> None:
    assert migrate(any_empty_shop) == migrate(any_empty_shop)


def test_an_older_shop_keeps_its_rows_and_rules_and_takes_guests_and_returns(any_shop_url: str, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(MIGRATIONS / "shop", older)
    for path in older.glob("*.py"):
        if path.stem > "0009":
            path.unlink()
    engine = open_engine(any_shop_url)
    assert migrate(engine, replace(SHOP, revisions=older)) == "0008"
    order = "INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES ({}, {}, '2026-01-01', 1)"
    line = (
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) VALUES ({}, {}, 3, {}, 1)"
    )
    execute(
        engine,
        "INSERT INTO users (user_id, nickname) VALUES (1, 'Ana')",
        "INSERT INTO categories (category_id, name) VALUES (2, 'Tea')",
        "INSERT INTO products (product_id, category_id, title, price) VALUES (3, 2, 'Green', 4)",
        order.format(5, 1),
        line.format(7, 5, 2),
    )
    for refused in (order.format(6, "NULL"), line.format(8, 5, -1)):
        with pytest.raises(DBAPIError):
            execute(engine, refused)

    migrate(engine)

    execute(engine, order.format(6, "NULL"), line.format(8, 6, -1))
    for refused in (order.format(9, 99), line.format(9, 5, 0), line.format(9, 99, 1)):
        with pytest.raises(DBAPIError):
            execute(engine, refused)
    execute(engine, "UPDATE orders SET updated_at = '2026-01-01'", "UPDATE orders SET status = 'paid'")
    with engine.connect() as connection:
        lines = connection.exec_driver_sql("SELECT order_item_id, order_id, quantity FROM order_items ORDER BY 1").all()
        stale = connection.exec_driver_sql("SELECT COUNT(*) FROM orders WHERE updated_at < '2026-02-01'").scalar_one()
    assert (lines, stale) == ([(7, 5, 2), (8, 6, -1)], 0)
    assert list_differences(engine) == []
    engine.dispose()


def test_all_tables_have_both_time_stamps(any_empty_shop: Engine) -> None:
    inspector = inspect(any_empty_shop)

    for name in DECLARED:
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert columns["created_at"] is False, name
        assert columns["updated_at"] is False, name


def test_mysql_tables_hold_all_of_unicode(any_server_url: str) -> None:
    engine = open_engine(any_server_url)
    migrate(engine)

    with engine.connect() as connection:
        collations = connection.execute(
            text(
                "SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_name <> 'alembic_version'"
                " AND table_schema = DATABASE()"
            )
        ).scalars()
        assert set(collations) == {"utf8mb4_bin"}
    engine.dispose()


def test_the_command_migrates_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from settings import load_settings

    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()

    codes = [main(["--check"]), main([]), main(["--check"])]

    load_settings.cache_clear()
    assert codes == [1, 0, 0]
    assert "run python -m shop.migrate" in capsys.readouterr().err


def test_an_unreachable_server_gets_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from settings import load_settings

    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql+pymysql://nobody:hunter2@127.0.0.1:1/shop")
    load_settings.cache_clear()

    code = main([])

    load_settings.cache_clear()
    message = capsys.readouterr().err
    assert code == 1
    assert message.count("\n") == 1
    assert "hunter2" not in message


@pytest.mark.parametrize("schema", [SHOP, PLATFORM], ids=lambda schema: schema.name)
def test_a_database_of_a_newer_release_is_refused_and_left_alone(
    any_empty_shop: Engine, schema: Schema, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = text(f"UPDATE {schema.version_table} SET version_num = '9999'")
    with any_empty_shop.begin() as connection:
        connection.execute(newer)
    for name in ("SHOP_DATABASE_URL", "PLATFORM_DATABASE_URL"):
        monkeypatch.setenv(name, any_empty_shop.url.render_as_string(hide_password=False))
    load_settings.cache_clear()

    for arguments in (["--database", schema.name], ["--database", schema.name, "--check"]):
        assert main(arguments) == 1
        told = capsys.readouterr().err
        assert f"the {schema.name}'s database is at revision 9999" in told
        assert len(told.splitlines()) == 1
    load_settings.cache_clear()
    with any_empty_shop.connect() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {schema.version_table}")) == "9999"
