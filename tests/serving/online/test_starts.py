"""A model server that starts while MLflow is away, hangs, or while its copy of a version is damaged."""

import threading
import time
from pathlib import Path

import pytest

from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from tests.serving.conftest import ScriptedRegistry, TrainedShop, reissue
from training.registry.client import NamedVersion
from training.registry.copies import fetch_copy


def start_again(sources: Sources) -> ChampionWatcher:
    """Start a model server on the same disk, and stop it once it has looked."""
    watcher = ChampionWatcher(sources, poll_seconds=3600)
    watcher.start()
    watcher.stop()
    return watcher


def test_a_start_without_the_registry_serves_what_served_last(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry
) -> None:
    registry.is_down = True

    restarted = start_again(sources)

    assert restarted.current.version == 1
    assert "connection refused" in restarted.failure


def test_a_start_without_the_registry_serves_no_other_version_of_the_number(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry, trained_shop: TrainedShop, tmp_path: Path
) -> None:
    served = watcher.current.named
    registry.folders[1], registry.run_ids[1] = reissue(trained_shop.folder, tmp_path / "renamed"), "of-the-new-model"
    fetch_copy(registry, 1, sources.models_dir)  # as a training validates what it registered, long before a promotion
    registry.is_down = True

    restarted = start_again(sources)

    assert restarted.current.named == served


def test_a_start_without_the_registry_takes_up_the_note_of_earlier_code(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry
) -> None:
    (sources.models_dir / "last_good.json").write_text('{"version": 1}')
    registry.is_down = True

    restarted = start_again(sources)

    assert restarted.current.named == watcher.current.named


def test_a_start_does_not_wait_for_a_registry_that_hangs(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.online.reloader.FIRST_LOOK_SECONDS", 0.1)
    answers = threading.Event()
    monkeypatch.setattr(registry, "resolve_version", lambda _: answers.wait(30) and NamedVersion(2, "run-of-2"))

    restarted = ChampionWatcher(sources, poll_seconds=0.01)
    restarted.start()

    assert restarted.current.version == 1
    answers.set()
    deadline = time.monotonic() + 20
    while restarted.current.version != 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    restarted.stop()
    assert restarted.current.version == 2


def test_a_registry_that_is_silent_is_said_while_it_is_asked(
    watcher: ChampionWatcher, registry: ScriptedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.online.reloader.SLOW_SECONDS", 1.0)
    asked, answers = threading.Event(), threading.Event()

    def hang(_alias: str) -> NamedVersion:
        asked.set()
        answers.wait(30)
        return NamedVersion(1, "run-of-1")

    monkeypatch.setattr(registry, "resolve_version", hang)
    look = threading.Thread(target=watcher.look)

    look.start()

    assert asked.wait(30)
    assert watcher.trouble is None
    time.sleep(1.2)
    assert "MLflow has not answered for" in watcher.trouble
    answers.set()
    look.join(timeout=30)
    assert watcher.trouble is None


def test_a_first_start_without_a_champion_waits(sources: Sources, registry: ScriptedRegistry) -> None:
    registry.aliases.clear()

    watcher = start_again(sources)

    assert watcher.current is None
    assert "carries the alias 'champion' yet" in watcher.failure


def test_a_copy_that_was_damaged_on_disk_is_fetched_anew(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry
) -> None:
    (sources.models_dir / "1" / "model.onnx").write_bytes(b"bit rot")

    restarted = ChampionWatcher(sources, poll_seconds=3600)
    restarted.look()

    assert (restarted.current.version, restarted.failure) == (1, None)


def test_a_damaged_copy_is_never_served_while_the_registry_is_down(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry
) -> None:
    (sources.models_dir / "1" / "model.onnx").write_bytes(b"bit rot")
    registry.is_down = True

    restarted = start_again(sources)

    assert restarted.current is None
