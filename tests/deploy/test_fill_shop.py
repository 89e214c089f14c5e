"""What `make up` does with an installation from before, which had one database."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

from deploy.fill_shop import main
from settings import load_settings
from shop.database import engine_scope, open_engine
from shop.migrate import migrate
from shop.tables import PlatformBase
from tests.shop.test_split import NUM_ROWS, fill_old_installation, read_all


def make_old(database: Path) -> None:
    """Make the one database of an installation from before."""
    with engine_scope(open_engine(f"sqlite:///{database}")) as engine:
        migrate(engine)
        fill_old_installation(engine)


def run(monkeypatch: pytest.MonkeyPatch, **variables: str) -> int:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    code = main(["demo"])
    load_settings.cache_clear()
    return code


def test_one_file_becomes_two_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(tmp_path / "shop.db")

    codes = [run(monkeypatch, VAR_DIR=str(tmp_path)), run(monkeypatch)]

    assert codes == [0, 0]
    with (
        engine_scope(open_engine(f"sqlite:///{tmp_path / 'shop.db'}")) as shop,
        engine_scope(open_engine(f"sqlite:///{tmp_path / 'platform.db'}")) as platform,
    ):
        assert {name: len(rows) for name, rows in read_all(platform).items()} == NUM_ROWS
        assert not set(inspect(shop).get_table_names()) & set(PlatformBase.metadata.tables)


def test_a_database_that_somebody_named_is_not_emptied_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_old(tmp_path / "theirs.db")
    url = f"sqlite:///{tmp_path / 'theirs.db'}"

    stopped = run(monkeypatch, VAR_DIR=str(tmp_path / "var"), SHOP_DATABASE_URL=url)
    said = capsys.readouterr().err
    with engine_scope(open_engine(url)) as shop:
        kept = {name: len(rows) for name, rows in read_all(shop).items()}
    goes_on = run(monkeypatch, PLATFORM_DATABASE_URL=f"sqlite:///{tmp_path / 'ours.db'}")

    assert (stopped, goes_on) == (1, 0)
    assert said.count("\n") == 1
    assert "`python -m shop.split` moves them to " in said
    assert kept == NUM_ROWS


def test_a_shop_that_a_mapping_reads_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    with engine_scope(open_engine(url)) as theirs, theirs.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customer (id INTEGER PRIMARY KEY)")
    before = (tmp_path / "theirs.db").read_bytes()

    code = run(monkeypatch, VAR_DIR=str(tmp_path / "var"), SHOP_DATABASE_URL=url, SHOP_MAPPING="opencart")

    assert code == 0
    assert (tmp_path / "theirs.db").read_bytes() == before
    with engine_scope(open_engine(f"sqlite:///{tmp_path / 'var' / 'platform.db'}")) as platform:
        assert "recommendations" in inspect(platform).get_table_names()
