"""The store on real object stores: the way of the data up to the snapshot, and what each fault says and leaves."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import Engine

from deploy.development.seaweedfs import SEAWEEDFS
from features import maintain, rebucket, rebuild
from features.pins import list_pins, pin
from features.snapshot.bucket_rebuild import SharedRebuild
from features.snapshot.complements import build_complements
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot, list_snapshots
from features.snapshot.workspace import FOLDER
from features.store import MLStore
from features.store_failures import StoreError
from features.sync import shop_sync
from features.sync.lease import LeaseTakenError, hold_lease
from features.sync.shop_sync import sync_shop
from settings import load_settings
from tests.features.shop_writes import assert_equal, execute
from tests.support.object_store import BUCKET, Fault, ObjectStore, object_store_running
from tests.support.ports import free_ports
from tests.support.tiny_shop import day

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)
NEEDS_SEAWEEDFS = pytest.mark.skipif(
    SEAWEEDFS.find() is None, reason="SeaweedFS is not installed: python -m deploy.development.system_tools"
)


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store_running(tmp_path_factory.mktemp("seaweedfs"), "seaweedfs") as running:
        yield running


@pytest.fixture
def bucket(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment with which the bucket is reached, to be spoilt."""
    yield from enter(object_store, monkeypatch)


def enter(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ML_STORE_URI", f"s3://{BUCKET}/{uuid4().hex}")
    load_settings.cache_clear()
    yield monkeypatch
    load_settings.cache_clear()


@pytest.fixture(params=["moto", pytest.param("seaweedfs", marks=NEEDS_SEAWEEDFS)])
def remote(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLStore]:
    """A store of its own in the bucket of each server, without tables."""
    server = request.getfixturevalue("object_store" if request.param == "moto" else "seaweedfs")
    for _ in enter(server, monkeypatch):
        yield MLStore.of(load_settings())


@pytest.fixture
def store(bucket: pytest.MonkeyPatch) -> MLStore:
    """A store of its own on moto's server, without tables."""
    return MLStore.of(load_settings())


def test_a_sync_makes_the_store_equal_to_the_shop_and_proves_it(tiny_shop: Engine, remote: MLStore) -> None:
    sync_shop(tiny_shop, remote)
    execute(tiny_shop, "UPDATE users SET nickname = 'renamed', updated_at = '2026-02-01' WHERE user_id = 1")

    report = sync_shop(tiny_shop, remote, verify=True)

    assert report.is_equal
    assert report.tables["users"].counts.num_changed == 1
    assert_equal(tiny_shop, remote)


def test_a_snapshot_is_the_one_of_a_local_store(tiny_shop: Engine, remote: MLStore, tiny_store: MLStore) -> None:
    sync_shop(tiny_shop, remote)
    purchases = load_purchases(tiny_store, day(21, hour=0))
    complements = build_complements(purchases.all_lines)
    from_local = replace(rebuild.build_snapshot(purchases, num_buckets=2), complements=complements)

    rebuild.rebuild(remote, day(21, hour=0), num_buckets=2)

    assert Snapshot.open(remote).hash_frames() == from_local.hash_frames()


def test_workers_share_a_rebuild_there(tiny_shop: Engine, remote: MLStore) -> None:
    sync_shop(tiny_shop, remote)
    rebuild.rebuild(remote, day(21, hour=0), num_buckets=2)
    in_one_piece = Snapshot.open(remote).snapshot_id
    shared = [SharedRebuild.open(remote, day(21, hour=0), num_buckets=2) for _ in range(2)]

    for bucket, worker in enumerate(shared):
        worker.write_buckets(worker.plan(), [bucket])
    rebuilt = shared[0].finish(may_write=False)

    assert rebuilt.index.snapshot_id == in_one_piece == Snapshot.open(remote).hash_frames()
    assert remote.files.sizes(FOLDER) == {}


def test_users_are_shared_anew_there(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    rebuild.rebuild(store, day(21, hour=0), num_buckets=2)
    before = Snapshot.open(store)

    done = rebucket.rebucket(store, 3)

    after = Snapshot.open(store)
    assert after.num_buckets == 3
    assert after.hash_frames() == done.index.snapshot_id
    assert after.history.drop("bucket").equals(before.history.drop("bucket"))


def test_maintenance_keeps_what_is_read_and_pinned(tiny_shop: Engine, remote: MLStore) -> None:
    sync_shop(tiny_shop, remote)
    pin(remote, "wide_deep/1", remote.versions(), day(21, hour=0))

    maintain.maintain_store(remote)

    assert_equal(tiny_shop, remote)
    assert list_pins(remote)["owner"].to_list() == ["wide_deep/1"]
    assert remote.weigh()["users"] > 0


def test_one_writer_at_a_time(tiny_shop: Engine, remote: MLStore) -> None:
    with hold_lease(remote) as first, pytest.raises(LeaseTakenError):
        sync_shop(tiny_shop, remote)

    sync_shop(tiny_shop, remote)

    with hold_lease(remote) as last:
        assert last.number == first.number + 2


SHORT = {"connect_timeout": "1s", "timeout": "1s", "retry_timeout": "2s"}


def test_writers_at_once_lose_nothing(remote: MLStore) -> None:
    """What conditional writes are for: a commit that another was quicker with is tried again on top of it."""
    imports = "import sys; from features.clock import *; from features.pins import *; from settings import *"
    writes = "for n in range(6): pin(MLStore.of(load_settings()), f'{sys.argv[1]}/{n}', {}, latest_midnight())"
    commands = [[sys.executable, "-c", f"{imports}\n{writes}", str(writer)] for writer in range(2)]

    writers = [subprocess.Popen(command, cwd=ROOT) for command in commands]

    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert list_pins(remote).height == 12


Spoil = Callable[[ObjectStore, pytest.MonkeyPatch], AbstractContextManager[None]]


def stop(_server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    [port] = free_ports(1)
    environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    environment.setattr("features.store.TIMEOUTS", SHORT)
    return nullcontext()


def refuse(server: ObjectStore, _environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    return server.refusing()


def forbid_writing(server: ObjectStore, _environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    return server.failing(Fault("PUT|POST", status=403, code="AccessDenied"))


def fill(server: ObjectStore, _environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    return server.failing(Fault("PUT|POST", status=507, code="InsufficientStorage"))


def overload(server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    environment.setattr("features.store.TIMEOUTS", SHORT)
    return server.failing(Fault(status=503, code="SlowDown"))


def lose_bucket(_server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    environment.setenv("ML_STORE_URI", "s3://no-such-bucket/store")
    return nullcontext()


@pytest.mark.parametrize("main", [shop_sync.main, rebuild.main, maintain.main], ids=["sync", "rebuild", "maintain"])
@pytest.mark.parametrize(
    ("spoil", "cause", "setting"),
    [
        (stop, "Connection refused", "AWS_ENDPOINT_URL"),
        (refuse, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (lose_bucket, "NoSuchBucket", "ML_STORE_URI"),
        (forbid_writing, "AccessDenied", "AWS_ACCESS_KEY_ID"),
        (fill, "InsufficientStorage", "Make room in the object store"),
        (overload, "SlowDown", "answers again"),
    ],
    ids=["down", "credentials refused", "no bucket", "writing forbidden", "full", "overloaded"],
)
def test_a_fault_is_one_line_with_cause_and_setting(
    tiny_shop: Engine,
    object_store: ObjectStore,
    bucket: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
    spoil: Spoil,
    cause: str,
    setting: str,
) -> None:
    name_shop(bucket, tiny_shop)
    if main is rebuild.main:
        sync_shop(tiny_shop, MLStore.of(load_settings()))
    load_settings.cache_clear()
    with spoil(object_store, bucket):
        code = main(["--json"])

    out, err = capfd.readouterr()
    reason = json.loads(out.splitlines()[-1])["reason"]
    assert code == 1
    assert "cannot be reached" in reason
    assert cause in reason
    assert setting in reason
    assert len(err.splitlines()) == 1
    assert err.strip().endswith(reason)


@pytest.fixture
def silence(bucket: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that takes connections, and never answers; it may be silent for a second."""
    bucket.setattr("features.store.TIMEOUTS", SHORT)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bucket.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield


@pytest.fixture
def silent(silence: None, bucket: pytest.MonkeyPatch) -> MLStore:
    """A store of that server, opened without a look at its format."""
    bucket.setattr("features.store.require_known_format", lambda _: None)
    return MLStore.of(load_settings())


def test_a_store_that_never_answers_is_not_opened(silence: None) -> None:
    with pytest.raises(StoreError, match=r"cannot be reached: .*timed out.* Correct AWS_ENDPOINT_URL"):
        MLStore.of(load_settings())


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.exists("users"),
        lambda store: store.tables(),
        lambda store: store.overwrite("users", pl.DataFrame({"user_id": [1]})),
        lambda store: store.files.write_rows("users/1.parquet", pl.DataFrame({"user_id": [1]})),
    ],
    ids=["open", "list", "commit", "write a file"],
)
def test_a_store_that_never_answers_is_waited_for_no_longer_than_its_time_out(
    silent: MLStore, ask: Callable[[MLStore], object]
) -> None:
    began = time.monotonic()

    with (
        pytest.raises(StoreError, match=r"cannot be reached: .*timed out.* Correct AWS_ENDPOINT_URL"),
        silent.explained(),
    ):
        ask(silent)

    assert time.monotonic() - began < 20


def test_what_passes_is_waited_for(tiny_shop: Engine, object_store: ObjectStore, store: MLStore) -> None:
    """A store that asks for patience, breaks down for a moment, or is slow."""
    faults = [
        Fault("PUT", passed=3, times=3, status=503, code="SlowDown"),
        Fault("GET", passed=20, times=3, status=500, code="InternalError"),
        Fault("GET|HEAD|PUT", passed=60, times=3, seconds=2.0),
    ]

    with object_store.failing(*faults):
        sync_shop(tiny_shop, store)
        rebuild.rebuild(store, day(21, hour=0), num_buckets=2)

    assert_equal(tiny_shop, store)
    assert Snapshot.open(store).as_of == day(21, hour=0)


def test_a_commit_whose_answer_is_lost_is_said_and_made_good_by_the_next_run(
    tiny_shop: Engine, object_store: ObjectStore, bucket: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name_shop(bucket, tiny_shop)

    with object_store.failing(Fault("PUT", "/users/_delta_log/", times=1, loses_answer=True)):
        code = shop_sync.main([])

    assert code == 1
    assert len(capfd.readouterr().err.splitlines()) == 1
    assert shop_sync.main(["--verify"]) == 0
    assert_equal(tiny_shop, MLStore.of(load_settings()))


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (["features.sync"], "/orders/_delta_log/"),
        (["features.rebuild", "--as-of", "2026-01-21"], "/snapshot_users/"),
    ],
    ids=["sync", "rebuild"],
)
def test_a_command_that_is_killed_as_it_writes_leaves_nothing_half(
    tiny_shop: Engine, object_store: ObjectStore, bucket: pytest.MonkeyPatch, command: list[str], path: str
) -> None:
    name_shop(bucket, tiny_shop)
    bucket.setenv("NUM_BUCKETS", "2")
    store = MLStore.of(load_settings())
    if command[0] == "features.rebuild":
        sync_shop(tiny_shop, store)

    with object_store.failing(Fault("PUT|POST", path, seconds=600, status=503)):
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT)
        object_store.await_fault()
        process.kill()
        process.wait(timeout=60)

    assert store.exists("orders") is (command[0] == "features.rebuild")
    assert list_snapshots(store).is_empty()
    assert shop_sync.main(["--verify"]) == 0
    assert rebuild.main(["--as-of", "2026-01-21"]) == 0
    assert_equal(tiny_shop, store)
    maintain.maintain_store(store, retention=timedelta(0))
    written = store.files.sizes("orders").keys() - set(store.files.sizes("orders/_delta_log"))
    assert {name.removeprefix("orders/") for name in written} == store.list_files(store.open("orders")).keys()


def name_shop(environment: pytest.MonkeyPatch, shop: Engine) -> None:
    for name in ("SHOP_DATABASE_URL", "PLATFORM_DATABASE_URL"):
        environment.setenv(name, shop.url.render_as_string(hide_password=False))
    load_settings.cache_clear()
