import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from shop.catalogue.tables import COPIED_TABLES
from shop.database import open_engine
from shop.migrate import MIGRATIONS, PLATFORM, SHOP, list_differences, main, migrate
from shop.tables import DECLARED, PlatformBase, ProductImage


def test_models_and_migrations_agree(any_empty_shop: Engine) -> None:
    assert list_differences(any_empty_shop) == []
    assert list_differences(any_empty_shop, PLATFORM) == []


def test_models_and_migrations_of_the_platform_alone_agree(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)

    revision = migrate(engine, PLATFORM)

    assert revision == migrate(engine, PLATFORM)
    assert list_differences(engine, PLATFORM) == []
    copied = {table.name for table in COPIED_TABLES} | {ProductImage.__tablename__}
    assert set(inspect(engine).get_table_names()) == {*PlatformBase.metadata.tables, PLATFORM.version_table, *copied}
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


def test_the_copy_has_every_column_that_pages_read(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)
    migrate(engine, PLATFORM)

    for table in COPIED_TABLES:
        columns = {column["name"] for column in inspect(engine).get_columns(table.name)}
        assert columns == {field.name for field in table.fields}, table.name
    engine.dispose()


def test_check_constraints_of_models_and_migrations_agree(any_empty_shop: Engine) -> None:
    inspector = inspect(any_empty_shop)

    for name, table in DECLARED.items():
        declared = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        migrated = {str(c["name"]) for c in inspector.get_check_constraints(name)}
        assert declared <= migrated, name


def test_migrating_twice_changes_nothing(any_empty_shop: Engine) -> None:
    assert migrate(any_empty_shop) == migrate(any_empty_shop)


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
