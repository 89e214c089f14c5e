"""Pins are kept for versions in use, and released for refused, archived, failed and old ones."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.pins import list_pins, pin
from features.store import MLStore
from training.registry.client import KnownVersion, Registry
from training.registry.retention import IN_USE_FOR, UNDER_WAY_FOR, name_owner, release_pins

NOW = datetime.now(UTC)
YOUNG, OLD = NOW - timedelta(days=1), NOW - IN_USE_FOR - timedelta(days=1)


class Versions(Registry):
    """A registry that knows some versions."""

    model_name = "wide_deep"

    def __init__(self, *versions: KnownVersion):
        self._versions = list(versions)

    def list_versions(self) -> list[KnownVersion]:
        return self._versions


def version(created_at: datetime, aliases: tuple[str, ...] = (), **tags: str) -> KnownVersion:
    return KnownVersion(1, "f1", tags, frozenset(aliases), created_at)


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    store = MLStore(str(tmp_path / "store"))
    pin(store, name_owner("wide_deep", "f1"), {"users": 1}, NOW)
    pin(store, name_owner("another", "f1"), {"users": 2}, NOW)
    return store


@pytest.mark.parametrize(
    ("known", "is_released"),
    [
        pytest.param(version(YOUNG, verdict="keep"), False, id="young"),
        pytest.param(version(OLD, verdict="keep"), True, id="past its time"),
        pytest.param(version(OLD, ("champion",), verdict="promote"), False, id="old, and serves"),
        pytest.param(version(YOUNG, verdict="refuse"), True, id="refused"),
        pytest.param(version(YOUNG, ("challenger",), verdict="refuse"), True, id="refused, still the challenger"),
        pytest.param(version(OLD, ("challenger",), verdict="keep"), False, id="old, still the challenger"),
        pytest.param(version(OLD, ("champion",), verdict="keep", archived="yes"), False, id="archived, and serves"),
        pytest.param(version(YOUNG, verdict="refuse", override="we know better"), False, id="refused, overridden"),
        pytest.param(version(YOUNG, verdict="keep", archived="yes"), True, id="archived"),
    ],
)
def test_a_pin_lasts_as_long_as_its_version_is_in_use(store: MLStore, known: KnownVersion, is_released: bool) -> None:
    released = release_pins(Versions(known), store, NOW)

    assert released == (["wide_deep/f1"] if is_released else [])
    assert list_pins(store)["owner"].to_list() == ["another/f1"] + ([] if is_released else ["wide_deep/f1"])


@pytest.mark.parametrize(
    ("later", "is_released"),
    [(UNDER_WAY_FOR / 2, False), (UNDER_WAY_FOR * 1.1, True)],
    ids=["may be under way", "failed or deleted"],
)
def test_an_owner_without_a_version_is_waited_for_and_then_released(
    store: MLStore, later: timedelta, is_released: bool
) -> None:
    assert release_pins(Versions(), store, NOW + later) == (["wide_deep/f1"] if is_released else [])
