import importlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polars.exceptions import ComputeError
from sqlalchemy import Engine

from features import maintain, rebuild
from features.pins import pin
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError, describe_failure, is_about_data
from features.sync import shop_sync
from features.sync.sweep import save_places
from settings import load_settings
from tests.features.sync.test_store_repair import cut, empty, lose, overwrite_middle
from tests.support.tiny_shop import day

DAMAGES = [lose, cut, overwrite_middle, empty]
SILENT = OSError(
    "Generic S3 error\n \x1b[31m↳\x1b[0m Error performing GET http://127.0.0.1:9/shop?list-type=2 in 31.2s, after 10 "
    "retries, max_retries\n  \x1b[31m↳\x1b[0m HTTP error\n   \x1b[31m↳\x1b[0m operation timed out\n"
)


@pytest.fixture
def own_store(tiny_store: MLStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLStore]:
    """A copy of the tiny shop's store with a snapshot, which commands read."""
    shutil.copytree(tiny_store.uri, tmp_path / "store")
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("ML_STORE_URI", str(tmp_path / "store"))
    monkeypatch.setenv("NUM_BUCKETS", "2")
    load_settings.cache_clear()
    store = MLStore(str(tmp_path / "store"))
    rebuild.rebuild(store, day(21, hour=0), num_buckets=2)
    yield store
    load_settings.cache_clear()


def damage_file(store: MLStore, table: str, damage: Callable[[Path], None]) -> str:
    """Damage a table's last file; return its path below the store."""
    path = Path(store.open(table).file_uris()[-1])
    damage(path)
    return str(path.relative_to(store.uri))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("table", ["users", "order_items"])
def test_a_command_names_table_file_and_remedy_in_one_line(
    own_store: MLStore, capfd: pytest.CaptureFixture[str], damage: Callable[[Path], None], table: str
) -> None:
    file = damage_file(own_store, table, damage)

    code = rebuild.main(["--as-of", "2026-01-21", "--json"])

    out, err = capfd.readouterr()
    reason = json.loads(out.splitlines()[-1])["reason"]
    assert code == 1
    assert f"the file {file!r} of the table {table!r} is " in reason
    assert "`python -m features.sync --verify`" in reason
    assert err.strip().splitlines() == [f"features.rebuild: {reason}"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_named_and_made_anew(own_store: MLStore, damage: Callable[[Path], None]) -> None:
    before = Snapshot.open(own_store).hash_frames()
    file = damage_file(own_store, "snapshot_users", damage)
    with pytest.raises(StoreError) as said:
        Snapshot.open(own_store)
    assert f"the file {file!r} of the table 'snapshot_users' is " in str(said.value)
    assert "made anew by `python -m features.rebuild --as-of 2026-01-21T00:00:00+00:00`" in str(said.value)

    assert rebuild.main(["--as-of", "2026-01-21", "--json"]) == 0

    assert Snapshot.open(own_store).hash_frames() == before


@pytest.fixture
def whole_store(tiny_shop: Engine, own_store: MLStore, monkeypatch: pytest.MonkeyPatch) -> MLStore:
    """The same with its shop, two snapshots, and every table that a store has of its own."""
    for name in ("SHOP_DATABASE_URL", "PLATFORM_DATABASE_URL"):
        monkeypatch.setenv(name, tiny_shop.url.render_as_string())
    load_settings.cache_clear()
    rebuild.rebuild(own_store, day(15, hour=0), num_buckets=2)
    pin(own_store, "wide_deep/1", own_store.versions(), day(21, hour=0))
    save_places(own_store, {"users": 3})
    assert shop_sync.main(["--accept-source"]) == 0
    return own_store


def follow(remedy: str) -> int:
    """Run the command that a message names."""
    [(module, arguments)] = re.findall(r"`python -m (features\.\w+)([^`]*)`", remedy)
    main = shop_sync.main if module == "features.sync" else importlib.import_module(module).main
    return int(main(arguments.split()))


@pytest.mark.parametrize("damage", [lose, overwrite_middle])
@pytest.mark.parametrize(
    "table", ["_lease", "_pins", "_sources", "_sweeps", "_sync_runs", "snapshots", "snapshot_history", "users"]
)
def test_the_named_remedy_makes_the_store_work_again(
    whole_store: MLStore, damage: Callable[[Path], None], table: str
) -> None:
    damage_file(whole_store, table, damage)
    with pytest.raises(StoreError) as said, whole_store.explained(table):
        whole_store.scan(table).collect()

    assert follow(str(said.value)) == 0

    with whole_store.explained(table):
        whole_store.scan(table).collect()
    assert [main([]) for main in (shop_sync.main, rebuild.main, maintain.main)] == [0, 0, 0]


def test_what_an_object_store_says_is_one_line_without_colours() -> None:
    assert describe_failure("s3://shop/store", SILENT) == (
        "The ML store 's3://shop/store' cannot be reached: GET http://127.0.0.1:9/shop: operation timed out. Correct "
        "AWS_ENDPOINT_URL (or AWS_REGION), and see that the object store runs and can be reached from here."
    )


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ("501 Not Implemented\n<Error><Code>NotImplemented</Code><Message>A header</Message></Error>", "If-None-Match"),
        ("403 Forbidden\n<Error><Code>SignatureDoesNotMatch</Code><Message>No</Message></Error>", "AWS_SECRET_ACCESS"),
        ("503 Slow Down", "when the object store answers again"),
        ("507 Insufficient Storage", "Make room"),
    ],
    ids=["no conditional put", "wrong secret", "busy", "full"],
)
def test_an_answer_names_what_is_to_be_corrected(answer: str, remedy: str) -> None:
    said = describe_failure(
        "s3://shop/store", OSError(f"Generic S3 error\nError performing PUT http://s/x in 2.1ms\n{answer}")
    )

    assert said.startswith("The ML store 's3://shop/store' cannot be reached: PUT http://s/x: ")
    assert remedy in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("error", "is_about"),
    [
        (SILENT, False),
        (OSError("no space left on device"), False),
        (FileNotFoundError("a.parquet"), True),
        (ComputeError("out of specification"), True),
    ],
    ids=["silent", "full disk", "lost", "damaged"],
)
def test_a_storage_that_is_silent_is_not_searched_for_damage(error: Exception, is_about: bool) -> None:
    assert is_about_data(error) is is_about
