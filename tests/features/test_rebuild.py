import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features import definitions
from features.definitions import FEATURES, Entity, hash_definitions
from features.rebuild import main, rebuild
from features.snapshot.tables import Snapshot
from features.store import MLStore
from settings import load_settings
from tests.support.tiny_shop import day

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    yield monkeypatch
    load_settings.cache_clear()


def test_the_command_writes_a_snapshot_and_says_what(
    environment: pytest.MonkeyPatch, tiny_store: MLStore, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ML_STORE_URI", tiny_store.uri)
    environment.setenv("NUM_BUCKETS", "2")

    code = main(["--as-of", "2026-01-21", "--json"])

    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    snapshot = Snapshot.open(tiny_store, day(21, hour=0))
    assert code == 0
    assert summary | {"seconds": 0} == {
        "as_of": "2026-01-21T00:00:00+00:00",
        "feature_hash": hash_definitions(),
        "num_users": 4,
        "num_products": 5,
        "num_buckets": 2,
        "num_pairs": 5,
        "seconds": 0,
    }
    assert (snapshot.num_buckets, snapshot.users.height, snapshot.history.height) == (2, 4, 5)


def test_a_shop_that_was_never_synced_ends_with_one_clear_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--as-of", "2026-01-21"])

    said = capsys.readouterr().err.strip().splitlines()
    assert code == 1
    assert len(said) == 1
    assert said[0].startswith("features.rebuild: ")
    assert "python -m features.sync" in said[0]


@pytest.mark.parametrize(
    ("entity", "place"),
    [
        ("user", "features/snapshot/users.py"),
        ("user_category", "features/snapshot/users.py"),
        ("product", "features/snapshot/products.py"),
        ("pair", "features/ranking/pairs.py"),
    ],
)
def test_a_declared_feature_that_nothing_computes_ends_with_one_clear_line(
    environment: pytest.MonkeyPatch,
    tiny_store: MLStore,
    capsys: pytest.CaptureFixture[str],
    entity: Entity,
    place: str,
) -> None:
    row = dataclasses.replace(FEATURES[0], name=f"{entity}_mood", entity=entity, aggregate="own")
    environment.setattr(definitions, "FEATURES", (*FEATURES, row))
    environment.setenv("ML_STORE_URI", tiny_store.uri)

    code = main(["--as-of", "2026-01-21"])

    said = capsys.readouterr().err.strip().splitlines()
    assert code == 1
    assert said == [
        f"features.rebuild: features/definitions.py declares '{entity}_mood', which nothing computes: give the row an "
        f"aggregate, or add an expression of that name to {place}."
    ]


def test_what_is_no_instant_is_refused(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--as-of", "yesterday"])

    assert refused.value.code == 2
    assert "not an instant: 'yesterday'" in capsys.readouterr().err


def test_rebuilding_gives_what_was_written(tiny_store: MLStore) -> None:
    built = rebuild(tiny_store, day(20), num_buckets=2)

    snapshot = Snapshot.open(tiny_store, day(20))
    assert (built.index.num_users, built.index.num_products) == (snapshot.users.height, snapshot.products.height)
    assert built.num_pairs == snapshot.history.height
    assert built.index.snapshot_id == snapshot.snapshot_id == snapshot.hash_frames()


def test_before_the_first_order_there_is_a_snapshot_without_purchases(tiny_store: MLStore) -> None:
    rebuild(tiny_store, day(1), num_buckets=2)

    snapshot = Snapshot.open(tiny_store, day(1))
    assert snapshot.users.height == 2
    assert snapshot.products["popularity"].sum() == 0
    assert snapshot.arrays.popular_rows.tolist() == []


def test_a_share_starts_without_what_the_last_step_alone_needs() -> None:
    command = "import sys, features.rebuild; print('sklearn' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)

    assert said.stdout.strip() == "False"
