"""One writer at a time, by a lease and a fencing number in the store."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

import features.sync.lease
from features.store import MLStore
from features.store_failures import StoreError
from features.store_writing import write_rows
from features.sync.destination.versioned_table import FencedError
from features.sync.lease import LEASE_TABLE, LeaseLostError, LeaseTakenError, hold_lease
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_equal, current, execute


def test_numbers_grow_and_a_released_lease_can_be_taken(store: MLStore) -> None:
    numbers = []
    for _ in range(3):
        with hold_lease(store) as lease:
            numbers.append(lease.number)
            assert not lease.is_taken_over

    assert numbers == [1, 2, 3]


def test_a_second_holder_leaves_and_is_told_who_is_at_work(store: MLStore) -> None:
    with (
        hold_lease(store),
        pytest.raises(LeaseTakenError, match=rf"Run 1 \({socket.gethostname()}/{os.getpid()}/"),
        hold_lease(store),
    ):
        pass


def test_of_many_at_the_same_moment_one_wins(store: MLStore) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def try_to_hold() -> None:
        gate.wait()
        try:
            with hold_lease(store):
                outcomes.append("held")
                gate.wait(20)
        except LeaseTakenError:
            outcomes.append("taken")
            gate.wait(20)

    threads = [threading.Thread(target=try_to_hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["held", "taken", "taken", "taken"]


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_told(
    store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.sync.lease, "TIME_TO_LIVE", timedelta(0))
    with hold_lease(store) as old:
        with hold_lease(store) as new:
            assert (new.number, new.is_taken_over) == (2, True)
        with pytest.raises(LeaseLostError, match="Run 1 has lost the store"):
            old.require()

    with hold_lease(store) as third:
        assert third.number == 3


def test_the_lease_of_a_dead_process_of_this_host_is_taken_at_once(store: MLStore) -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with hold_lease(store) as lease:
        lease.row = features.sync.lease._replace(store, lease.row, 1, f"{socket.gethostname()}/{child}/dead")
        with hold_lease(store) as new:
            assert new.is_taken_over


def test_a_store_that_cannot_be_written_is_not_called_busy(store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        write_rows(*arguments, **options)
        raise OSError("disk full")

    monkeypatch.setattr(features.sync.lease, "write_rows", fail)

    with pytest.raises(StoreError, match="disk full") as said, hold_lease(store):
        pass

    assert not isinstance(said.value, LeaseTakenError)


def test_renewing_prolongs_only_when_due(store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_lease(store) as lease:
        before = store.version(LEASE_TABLE)
        lease.renew()
        assert store.version(LEASE_TABLE) == before
        monkeypatch.setattr(features.sync.lease, "TIME_TO_LIVE", timedelta(hours=1))
        lease.renew()
        assert store.version(LEASE_TABLE) == before + 1
        lease.require()


def when(step: str, action: Callable[[], object]) -> Callable[[str], None]:
    """Make a hook that acts once, at a step."""
    done: list[str] = []

    def at_step(name: str) -> None:
        if name == step and not done:
            done.append(name)
            action()

    return at_step


def test_a_second_sync_at_the_same_time_leaves_cleanly(tiny_shop: Engine, store: MLStore) -> None:
    def sync_too() -> None:
        with pytest.raises(LeaseTakenError):
            sync_shop(tiny_shop, store)

    report = sync_shop(tiny_shop, store, at_step=when("collect orders", sync_too))

    assert report.number == 1
    assert_equal(tiny_shop, store)


@pytest.mark.parametrize("step", ["collect orders", "write users", "commit users", "commit order_items"])
def test_an_old_run_that_finishes_late_changes_nothing(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE users SET nickname = 'old' WHERE user_id = 1", "UPDATE order_items SET quantity = 7")
    monkeypatch.setattr(features.sync.lease, "TIME_TO_LIVE", timedelta(0))  # the old run sleeps longer than its lease
    seen: dict[str, int] = {}

    def overtake() -> None:
        execute(tiny_shop, "UPDATE users SET nickname = 'new' WHERE user_id = 1")
        sync_shop(tiny_shop, store)
        seen.update(store.versions())

    with pytest.raises((LeaseLostError, FencedError)):
        sync_shop(tiny_shop, store, at_step=when(step, overtake))

    assert store.versions() == seen
    assert current(store, "users", "nickname")[1] == "new"
    assert_equal(tiny_shop, store)


def test_a_late_commit_of_an_old_run_fails_even_where_the_new_run_changed_nothing(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE users SET nickname = 'old' WHERE user_id = 1")
    monkeypatch.setattr(features.sync.lease, "TIME_TO_LIVE", timedelta(0))
    monkeypatch.setattr(features.sync.lease.Lease, "require", lambda lease: lease.row)  # it looked just before

    def overtake() -> None:
        execute(tiny_shop, "UPDATE users SET nickname = '민지', updated_at = created_at WHERE user_id = 1")
        sync_shop(tiny_shop, store)

    with pytest.raises(FencedError, match="Another run has committed to 'users'"):
        sync_shop(tiny_shop, store, at_step=when("commit users", overtake))

    assert_equal(tiny_shop, store)
