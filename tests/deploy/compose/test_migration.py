"""Migrations that end, that fail and that are killed, on a real server whose DDL cannot be taken back."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, create_engine, inspect, text

from deploy.compose import migration
from deploy.compose.migration import (
    MARK,
    TOOLS,
    HalfMigrationError,
    MigrationError,
    NewerDatabaseError,
    Tool,
    explain,
    find_revision,
    knows,
    migrate,
    run_command,
    start_over,
)
from shop.migrate import PLATFORM, SHOP

ROOT = Path(__file__).parents[3]
FIRST, SECOND = "first", "second"


@pytest.fixture
def database(any_server_url: str) -> Iterator[Engine]:
    engine = create_engine(any_server_url)
    yield engine
    engine.dispose()


@pytest.fixture
def tool(any_server_url: str, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """A tool whose newest revision is `first`: two tables and their revision."""
    return tool_of(any_server_url, monkeypatch, FIRST)


def tool_of(url: str, monkeypatch: pytest.MonkeyPatch, newest: str, killed_after: int = 99) -> Tool:
    """Make a tool that creates tables one by one, each committed at once, and kills itself after so many."""
    head = f"import os, sys\nfrom sqlalchemy import create_engine, text\nengine = create_engine({url!r})\n"
    do = (
        f"statements = ['CREATE TABLE {newest}_a (i INT)', 'CREATE TABLE {newest}_b (i INT)',\n"
        "    'CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))', 'DELETE FROM alembic_version',\n"
        f"    \"INSERT INTO alembic_version VALUES ('{newest}')\"]\n"
        "for number, statement in enumerate(statements):\n"
        f"    if number == {killed_after}:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    with engine.begin() as connection:\n"
        "        connection.execute(text(statement))\n"
    )
    check = (
        "with engine.connect() as connection:\n"
        f"    sys.exit(connection.scalar(text('SELECT version_num FROM alembic_version')) != '{newest}')\n"
    )
    made = Tool("unused", (sys.executable, "-c", head + do), (sys.executable, "-c", head + check), "tool-migrate")
    monkeypatch.setitem(migration.TOOLS, "tool", made)
    return made


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_an_empty_database_is_migrated_and_no_mark_stays(database: Engine, tool: Tool) -> None:
    assert "it was nothing" in migrate(database, tool, run_command)

    assert tables(database) == {"first_a", "first_b", "alembic_version"}
    assert find_revision(database) == FIRST


def test_a_newer_release_migrates_from_the_revision_before(
    database: Engine, tool: Tool, any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database, tool, run_command)

    assert "it was first" in migrate(database, tool_of(any_server_url, monkeypatch, SECOND), run_command)
    assert find_revision(database) == SECOND


def test_a_killed_first_migration_is_refused_and_the_remedy_is_named(
    database: Engine, any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tool_of(any_server_url, monkeypatch, FIRST, killed_after=1)
    with pytest.raises(MigrationError):
        migrate(database, broken, run_command)

    whole = tool_of(any_server_url, monkeypatch, FIRST)
    with pytest.raises(HalfMigrationError, match=r"tool-migrate .* tool --start-over"):
        migrate(database, whole, run_command)

    assert tables(database) == {"first_a", MARK}, "nothing may be changed on half a schema"


def test_a_migration_that_ended_before_its_first_table_is_simply_begun_again(
    database: Engine, any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MigrationError):
        migrate(database, tool_of(any_server_url, monkeypatch, FIRST, killed_after=0), run_command)

    migrate(database, tool_of(any_server_url, monkeypatch, FIRST), run_command)

    assert find_revision(database) == FIRST
    assert MARK not in tables(database)


def test_starting_over_empties_a_database_that_never_was_whole(
    database: Engine, any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MigrationError):
        migrate(database, tool_of(any_server_url, monkeypatch, FIRST, killed_after=1), run_command)

    start_over(database)

    assert tables(database) == set()
    migrate(database, tool_of(any_server_url, monkeypatch, FIRST), run_command)
    assert find_revision(database) == FIRST


def test_a_killed_upgrade_is_refused_and_never_emptied(
    database: Engine, tool: Tool, any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database, tool, run_command)
    with pytest.raises(MigrationError):
        migrate(database, tool_of(any_server_url, monkeypatch, SECOND, killed_after=1), run_command)

    with pytest.raises(HalfMigrationError, match="from revision first broke off"):
        migrate(database, tool_of(any_server_url, monkeypatch, SECOND), run_command)
    with pytest.raises(HalfMigrationError, match="it is not emptied"):
        start_over(database)

    assert "first_a" in tables(database)


def test_tables_without_a_revision_are_half_a_migration_of_an_earlier_release(database: Engine, tool: Tool) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE first_a (i INT)"))

    with pytest.raises(HalfMigrationError, match="first migration"):
        migrate(database, tool, run_command)


def test_a_migration_that_was_killed_after_its_end_counts_as_ended(database: Engine, tool: Tool) -> None:
    migrate(database, tool, run_command)
    migration.set_mark(database, FIRST)

    assert "had ended" in migrate(database, tool, run_command)
    assert MARK not in tables(database)


@pytest.mark.parametrize("name", sorted(migration.TOOLS))
def test_the_remedy_names_a_job_of_the_compose_file(name: str) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    tool = migration.TOOLS[name]

    assert services[tool.service]["command"] == ["python", "-m", "deploy.compose.migration", name]
    assert f"deploy.compose.migration {name} --start-over" in explain("nothing", tool)


def test_the_command_ends_with_one_line_when_the_secret_is_missing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.compose.migration", "mlflow"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "mlflow_backend_uri" in ended.stderr


def test_the_platforms_revision_is_found_where_its_migration_notes_it() -> None:
    assert TOOLS["platform"].version_table == PLATFORM.version_table
    assert TOOLS["shop"].version_table == SHOP.version_table


@pytest.mark.parametrize(
    ("name", "revision"),
    [("shop", "0001"), ("platform", "0001"), ("mlflow", "0584bdc529eb"), ("airflow", "4bc4d934e2bc")],
)
def test_tools_know_their_own_revisions_alone(name: str, revision: str) -> None:
    assert knows(TOOLS[name], revision)
    assert not knows(TOOLS[name], "9999")


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'newer.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))

    with pytest.raises(NewerDatabaseError, match="at revision 9999, which this release does not know"):
        migrate(engine, TOOLS["shop"], lambda _command: False)

    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
