"""A shop with ids of text, from its own schema to the store: checked, copied, synced, verified, by its own ids."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from features.sync.shop_sync import main as sync
from settings import Settings, load_settings
from shop.database import open_engine
from shop.map import main as check
from shop.mapping.id_map import IdMap
from tests.features.shop_writes import TOMORROW
from tests.support.uuid_shop import (
    ALIKE,
    FIELDS,
    MAPPING,
    Rows,
    add_sale,
    execute,
    fill_uuid_shop,
    name_rows,
    read_shop,
)


@pytest.fixture
def shop(any_shop_url: str) -> Iterator[Engine]:
    """The shop on each kind of database, with its first rows."""
    engine = open_engine(any_shop_url)
    fill_uuid_shop(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def platform_url(shop: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of the platform's, of the shop's kind."""
    kind = request.node.callspec.params["any_shop_url"]
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'platform.db'}"
        return
    server = request.getfixturevalue(f"{kind}_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def settings(shop: Engine, platform_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An installation for the shop."""
    (tmp_path / "own.toml").write_text(MAPPING, encoding="utf-8")
    given = {
        "VAR_DIR": str(tmp_path),
        "SHOP_MAPPING": str(tmp_path / "own.toml"),
        "SHOP_DATABASE_URL": shop.url.render_as_string(hide_password=False),
        "PLATFORM_DATABASE_URL": platform_url,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()


@pytest.fixture
def platform(settings: Settings) -> Iterator[Engine]:
    """The platform's database."""
    engine = open_engine(settings.platform_database_url)
    yield engine
    engine.dispose()


def read_store(settings: Settings, platform: Engine) -> Rows:
    """Read the rows that stand in the store, under the shop's own ids."""
    store = MLStore(settings.ml_store_uri)
    return name_rows(IdMap(platform), {table: store.as_of(table, TOMORROW).collect().to_dicts() for table in FIELDS})


def test_it_is_checked_copied_synced_and_verified_and_then_followed(
    shop: Engine, settings: Settings, platform: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(["check"]) == 0, capsys.readouterr().out
    assert sync(["--verify"]) == 0, capsys.readouterr()
    assert read_store(settings, platform) == read_shop(shop)
    numbers = IdMap(platform).numbers_of("products", ALIKE)
    assert len(set(numbers.values())) == len(ALIKE)
    execute(
        shop,
        "UPDATE goods SET name = '이름이 바뀐 제품', changed = CURRENT_TIMESTAMP WHERE sku = 'a'",
        *add_sale(40, Random(2)),
        "DELETE FROM sale_lines WHERE sku = '0012'",
        "DELETE FROM goods WHERE sku = '0012'",
    )

    assert sync(["--verify"]) == 0, capsys.readouterr()

    assert read_store(settings, platform) == read_shop(shop)
    assert IdMap(platform).numbers_of("products", ALIKE) == numbers


def test_a_shop_that_lacks_most_of_what_it_had_is_refused_in_one_line(
    shop: Engine, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(shop, *(f"INSERT INTO shelves VALUES ('s{number}', 'x')" for number in range(200)))
    assert sync([]) == 0
    execute(shop, "DELETE FROM shelves WHERE code LIKE 's%'")
    capsys.readouterr()

    assert sync([]) == 2

    assert "the shop lacks 200 of the 202 categories" in capsys.readouterr().err
    assert sync(["--accept-deletes"]) == 0
