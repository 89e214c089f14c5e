"""A registry of a few versions, and the rows that moves of its alias leave."""

import contextlib
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shop.tables import AuditLog
from training.registry.client import NamedVersion, Registry
from training.registry.errors import UnknownToRegistryError

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
            raise UnknownToRegistryError("MLflow says: gone")
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


def list_rows(engine: Engine) -> list[AuditLog]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(AuditLog).order_by(AuditLog.occurred_at, AuditLog.audit_id)))


def at_once(*work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
