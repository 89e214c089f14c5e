"""`python -m features.sync`: what it prints, and how it ends."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from features.store import MLStore
from features.sync.lease import hold_lease
from features.sync.shop_sync import main
from settings import load_settings
from shop.tables import Order
from tests.features.shop_writes import execute
from tests.support.database_servers import find_free_port


@pytest.fixture
def use_shop(store: MLStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Point the settings at a shop and at the store."""

    def use(url: str) -> None:
        monkeypatch.setenv("SHOP_DATABASE_URL", url)
        monkeypatch.setenv("ML_STORE_URI", store.uri)
        monkeypatch.setenv("VAR_DIR", str(tmp_path))
        load_settings.cache_clear()

    return use


def test_it_prints_a_table_for_people(
    tiny_shop: Engine, use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_shop(str(tiny_shop.url))

    assert main(["--verify"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["table", "rows", "new", "changed", "back", "gone", "waiting", "version", "verified"]
    assert lines[6].split() == ["order_items", "10", "10", "0", "0", "0", "0", "0", "equal"]


def test_its_last_line_is_json_for_programs(
    tiny_shop: Engine, use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_shop(str(tiny_shop.url))

    main(["--verify", "--json"])

    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["state"] == "synced"
    assert result["verification"]["is_equal"] is True
    assert result["verdict"] == "equal: 33 rows in 18 ranges compared, 0 repaired"
    assert result["tables"]["orders"]["num_rows"] == 7
    assert result["tables"]["orders"]["watermark"] == result["bound"]
    with tiny_shop.connect() as connection:
        newest = connection.scalar(select(func.max(Order.ordered_at)).where(Order.ordered_at <= datetime.now(UTC)))
    assert newest is not None
    assert datetime.fromisoformat(result["newest_order"]) == newest


def test_it_leaves_cleanly_when_another_run_is_at_work(
    tiny_shop: Engine, store: MLStore, use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_shop(str(tiny_shop.url))

    with hold_lease(store):
        assert main(["--json"]) == 0

    assert json.loads(capsys.readouterr().out)["state"] == "busy"


def test_a_mass_disappearance_is_an_error_until_accepted(
    tiny_shop: Engine, use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_shop(str(tiny_shop.url))
    main([])
    execute(tiny_shop, "DELETE FROM order_items")
    capsys.readouterr()

    assert main([]) == 1
    assert "order_items: 10 of 10 rows" in capsys.readouterr().err.splitlines()[-1]
    assert main(["--accept-deletes"]) == 0


def test_a_database_that_is_not_there_is_one_line(
    use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.sync.source.retries.PATIENCE_SECONDS", 0.0)
    use_shop(f"mysql+pymysql://me:secret@127.0.0.1:{find_free_port()}/shop")

    assert main([]) == 1

    last = capsys.readouterr().err.splitlines()[-1]
    assert "Check that the server runs" in last
    assert "secret" not in last


def test_the_process_ends_with_the_code(store: MLStore, use_shop: Callable[[str], None], tmp_path: Path) -> None:
    use_shop(f"sqlite:///{tmp_path / 'of_another_program.db'}")
    with sqlite3.connect(tmp_path / "of_another_program.db") as connection:
        connection.execute("CREATE TABLE notes (text)")

    ended = subprocess.run(
        [sys.executable, "-m", "features.sync", "--json"], capture_output=True, text=True, check=False, timeout=120
    )

    assert ended.returncode != 0
    assert json.loads(ended.stdout.splitlines()[-1])["state"] == "failed"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret@db/shop", "SHOP_DATABASE_URL names the server 'postgresql'"),
        ("no url", "SHOP_DATABASE_URL is no URL"),
        ("mysql+oracle://me:secret@db/shop", "SHOP_DATABASE_URL cannot be used"),
    ],
)
def test_a_url_that_names_no_shop_is_one_line(
    use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str], url: str, said: str
) -> None:
    use_shop(url)

    assert main(["--json"]) == 2

    output = capsys.readouterr()
    assert said in output.err.splitlines()[-1]
    assert json.loads(output.out)["state"] == "failed"
    assert "secret" not in output.err + output.out


def test_a_store_that_cannot_be_read_ends_in_one_line_and_one_object(
    tiny_shop: Engine, store: MLStore, use_shop: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    use_shop(str(tiny_shop.url))
    main([])
    for log in (Path(store.uri) / "orders" / "_delta_log").iterdir():
        log.write_bytes(b"torn")
    capsys.readouterr()

    assert main(["--json"]) == 1

    output = capsys.readouterr()
    assert "cannot be read or written" in output.err.splitlines()[-1]
    (line,) = output.out.splitlines()
    assert json.loads(line)["state"] == "failed"


def test_a_store_in_a_folder_that_cannot_be_is_one_line_and_not_busy(
    tiny_shop: Engine,
    tmp_path: Path,
    use_shop: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_shop(str(tiny_shop.url))
    monkeypatch.setenv("ML_STORE_URI", str(tmp_path / "pct%20x"))
    load_settings.cache_clear()

    assert main(["--json"]) == 1

    assert json.loads(capsys.readouterr().out)["state"] == "failed"


def test_a_mapping_of_files_is_refused(
    tiny_shop: Engine,
    use_shop: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHOP_MAPPING", "shopify-csv")
    use_shop(str(tiny_shop.url))

    assert main([]) == 2

    assert "python -m shop.load directory DIR --mapping" in capsys.readouterr().err
