"""Moves of the alias, on every database that the audit log may be in."""

import contextlib
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shop.tables import AuditLog
from training.registry.alias import (
    DELETER,
    NO_LOGIN,
    MoveError,
    find_served_before,
    move_champion,
    note_move,
    note_served,
)
from training.registry.client import CONTENTS, TAKEN_BY, NamedVersion, Registry
from training.registry.errors import RegistryError

MEET_SECONDS = 2.0


class SmallRegistry(Registry):
    """Runs and tags by version, and one alias; both movers meet between looking and moving, if they can."""

    def __init__(self, run_ids: dict[int, str]):
        self.run_ids = run_ids
        self.written: dict[int, dict[str, str]] = {}
        self.champion: int | None = None
        self.barrier: threading.Barrier | None = None

    def resolve_version(self, _alias: str) -> NamedVersion | None:
        found = self.champion
        if self.barrier:
            with contextlib.suppress(threading.BrokenBarrierError):
                self.barrier.wait(MEET_SECONDS)
        return None if found is None else NamedVersion(found, self.run_ids[found])

    def set_alias(self, _alias: str, version: int) -> None:
        self.champion = version

    def tags(self, version: int) -> dict[str, str]:
        if version not in self.run_ids:
            raise RegistryError("MLflow says: gone")
        return self.written.get(version, {})

    def find_tags(self, version: int) -> dict[str, str] | None:
        return self.written.get(version, {}) if version in self.run_ids else None

    def run_id_of(self, version: int) -> str:
        return self.run_ids[version]

    def find_run_id(self, version: int) -> str | None:
        return self.run_ids.get(version)


@pytest.fixture
def registry() -> SmallRegistry:
    return SmallRegistry({1: "a", 2: "b", 3: "c"})


def rows(engine: Engine) -> list[AuditLog]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(AuditLog).order_by(AuditLog.audit_id)))


def at_once(*work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)


def test_of_the_first_two_moves_at_once_one_wins(any_empty_shop: Engine, registry: SmallRegistry) -> None:
    registry.barrier = threading.Barrier(2)
    moved, told = [], []

    def move(version: int) -> None:
        try:
            moved.append(move_champion(registry, any_empty_shop, version, None, actor="test", why=""))
        except MoveError as err:
            told.append(str(err))

    at_once(lambda: move(1), lambda: move(2))

    [winner] = moved
    assert len(told) == 1
    assert f"points at version {winner.version} by now, not at None" in told[0]
    assert [(row.from_value, row.to_value) for row in rows(any_empty_shop)] == [(None, str(winner.version))]


def test_two_replicas_that_serve_first_leave_one_row(any_empty_shop: Engine) -> None:
    replicas = [lambda: note_served(any_empty_shop, 1, "a")] * 4

    at_once(*replicas)

    assert [(row.action, row.to_value) for row in rows(any_empty_shop)] == [("serve", "1")]


def test_a_number_that_came_again_is_another_version(empty_shop: Engine, registry: SmallRegistry) -> None:
    assert note_move(registry, empty_shop, 1)
    assert note_served(empty_shop, 1, "a")
    registry.run_ids[1] = "of the renamed model's successor"

    assert note_move(registry, empty_shop, 1)
    assert not note_move(registry, empty_shop, 1)
    assert note_served(empty_shop, 1, registry.run_ids[1])
    assert not note_served(empty_shop, 1, registry.run_ids[1])


def test_the_row_of_a_move_names_the_files_of_the_version(empty_shop: Engine, registry: SmallRegistry) -> None:
    registry.written[1] = {CONTENTS: "0123456789abcdef"}

    note_move(registry, empty_shop, 1)
    move_champion(registry, empty_shop, 2, None, actor="test", why="registered by hand, without the tag")

    assert [row.details and row.details["model"] for row in rows(empty_shop)] == ["v1-0123456789ab", None]


def test_a_rollback_passes_over_numbers_that_are_gone_or_came_again(
    empty_shop: Engine, registry: SmallRegistry
) -> None:
    for version, run_id in ((1, "a"), (2, "b"), (9, "gone"), (3, "c")):
        note_served(empty_shop, version, run_id)
    registry.run_ids[2] = "another's"

    assert find_served_before(registry, empty_shop, 3) == 1


@pytest.mark.parametrize(
    ("is_deleted", "tags", "actor"),
    [(False, {TAKEN_BY: "ada"}, "ada"), (False, {}, NO_LOGIN), (True, {}, DELETER)],
    ids=["with a login", "without", "with its version"],
)
def test_the_row_of_a_lost_alias_says_what_is_known(
    empty_shop: Engine, registry: SmallRegistry, is_deleted: bool, tags: dict[str, str], actor: str
) -> None:
    note_move(registry, empty_shop, 1)
    registry.written[1] = tags
    if is_deleted:
        del registry.run_ids[1]

    note_move(registry, empty_shop, None)

    assert [row.actor for row in rows(empty_shop)] == [NO_LOGIN, actor]
