"""The command that copies: once, again and again, and where there is nothing to copy."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from settings import load_settings
from shop.catalogue.__main__ import main
from tests.shop.catalogue.conftest import read_tables

PATIENCE_SECONDS = 120


@pytest.fixture
def shop(tiny_shop: Engine, platform: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The tiny shop, whose catalogue is copied."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("CATALOGUE", "copied")
    monkeypatch.setenv("CATALOGUE_SECONDS", "0.2")
    monkeypatch.setattr("shop.catalogue.__main__.load_settings", load_settings.__wrapped__)
    return tiny_shop


def test_it_copies_and_says_what(shop: Engine, platform: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    assert "products: 6 read, 6 written, 0 deleted\n" in capsys.readouterr().out
    assert read_tables(platform)["products"] == read_tables(shop)["products"]


def test_a_catalogue_that_is_read_live_is_not_copied(
    shop: Engine, platform: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOGUE", "live")

    assert main([]) == 0

    assert "nothing is copied" in capsys.readouterr().out
    assert read_tables(platform)["products"] == []


def test_a_platform_within_the_shops_database_holds_no_copy(
    shop: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_DATABASE_URL", shop.url.render_as_string())

    assert main([]) == 1

    assert "name another in PLATFORM_DATABASE_URL" in capsys.readouterr().err


def test_a_shop_that_does_not_answer_costs_one_line(
    shop: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql+pymysql://nobody:secret@127.0.0.1:9/shop")

    assert main([]) == 1

    said = capsys.readouterr().err.splitlines()
    assert "the copy stays as it is" in said[-1]
    assert "secret" not in said[-1]


def test_it_goes_on_and_follows_the_shop(shop: Engine, platform: Engine) -> None:
    with subprocess.Popen([sys.executable, "-m", "shop.catalogue", "--keep"]) as process:
        try:
            wait_until_equal(shop, platform, process)
            with shop.begin() as connection:
                connection.exec_driver_sql("UPDATE products SET price = 12.5 WHERE product_id = 1")
                connection.exec_driver_sql("DELETE FROM product_images")
            wait_until_equal(shop, platform, process)
        finally:
            process.terminate()


def wait_until_equal(shop: Engine, platform: Engine, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while read_tables(platform)["products"] != read_tables(shop)["products"]:
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "the copy does not follow"
        time.sleep(0.1)
