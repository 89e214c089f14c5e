"""The store on a real object store: the whole way of the data, and each fault in one line that names its setting."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import Engine

from features import maintain, rebuild
from features.pins import list_pins, pin
from features.snapshot.bucket_rebuild import SharedRebuild
from features.snapshot.complements import build_complements
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.snapshot.workspace import FOLDER
from features.store import MLStore
from features.store_failures import StoreError
from features.sync import shop_sync
from features.sync.lease import LeaseTakenError, hold_lease
from features.sync.shop_sync import sync_shop
from settings import load_settings
from tests.features.shop_writes import assert_equal, execute
from tests.support.object_store import BUCKET, ObjectStore, object_store_running
from tests.support.ports import free_ports
from tests.support.tiny_shop import day

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store_running() as running:
        yield running


@pytest.fixture
def bucket(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment with which the bucket is reached, to be spoilt."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield monkeypatch
    load_settings.cache_clear()


@pytest.fixture
def remote(bucket: pytest.MonkeyPatch) -> MLStore:
    """A store of its own in the bucket, without tables."""
    return MLStore(f"s3://{BUCKET}/{uuid4().hex}")


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


Spoil = Callable[[ObjectStore, pytest.MonkeyPatch], AbstractContextManager[None]]


def stop(_server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    [port] = free_ports(1)
    environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    return nullcontext()


def refuse(server: ObjectStore, _environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    return server.refusing()


def lose_bucket(_server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    environment.setenv("ML_STORE_URI", "s3://no-such-bucket/store")
    return nullcontext()


def forbid_http(_server: ObjectStore, environment: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    environment.delenv("AWS_ALLOW_HTTP")
    return nullcontext()


@pytest.mark.parametrize("main", [shop_sync.main, rebuild.main, maintain.main], ids=["sync", "rebuild", "maintain"])
@pytest.mark.parametrize(
    ("spoil", "cause", "setting"),
    [
        (stop, "Connection refused", "AWS_ENDPOINT_URL"),
        (refuse, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (lose_bucket, "NoSuchBucket", "ML_STORE_URI"),
        (forbid_http, "URL scheme is not allowed", "AWS_ALLOW_HTTP=true"),
    ],
    ids=["down", "credentials refused", "no bucket", "no TLS"],
)
def test_a_fault_is_one_line_with_cause_and_setting(
    tiny_shop: Engine,
    server: ObjectStore,
    bucket: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
    spoil: Spoil,
    cause: str,
    setting: str,
) -> None:
    bucket.setenv("SHOP_DATABASE_URL", tiny_shop.url.render_as_string())
    bucket.setenv("PLATFORM_DATABASE_URL", tiny_shop.url.render_as_string())
    bucket.setenv("ML_STORE_URI", f"s3://{BUCKET}/store")
    with spoil(server, bucket):
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
def silent(bucket: pytest.MonkeyPatch) -> Iterator[MLStore]:
    """A store whose server takes connections, and never answers; it may be silent for a second."""
    bucket.setattr("features.store.TIMEOUTS", {"connect_timeout": "1s", "timeout": "1s", "retry_timeout": "2s"})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bucket.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield MLStore(f"s3://{BUCKET}/store")


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
