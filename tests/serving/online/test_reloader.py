import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from features.rebuild import rebuild
from features.store import MLStore
from serving.online.answers import answer_lists
from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from serving.online.webhook import AliasEvent
from shop.tables import AuditLog
from tests.serving.conftest import AS_OF, NUM_BUCKETS, LateRows, ScriptedRegistry, TrainedShop, reissue
from tests.support.spoilt_versions import SPOILERS, Spoiler


def break_copy(trained_shop: TrainedShop, folder: Path, spoil: Spoiler) -> Path:
    """Copy the version and break it."""
    shutil.copytree(trained_shop.folder, folder)
    spoil(folder)
    return folder


def audit_rows(engine: Engine, subject: str) -> list[tuple[str, str | None, str | None]]:
    with Session(engine) as session:
        of_subject = select(AuditLog).where(AuditLog.subject == subject)
        rows = session.scalars(of_subject.order_by(AuditLog.occurred_at, AuditLog.audit_id)).all()
        return [(row.action, row.from_value, row.to_value) for row in rows]


def test_a_moved_alias_is_served_at_the_next_look(watcher: ChampionWatcher, registry: ScriptedRegistry) -> None:
    registry.aliases["champion"] = 2

    watcher.look()

    assert (watcher.current.version, watcher.failure) == (2, None)


def test_an_alias_that_stays_loads_nothing(watcher: ChampionWatcher) -> None:
    before = watcher.current

    watcher.look()

    assert watcher.current is before


@pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS.keys())
def test_a_broken_version_never_replaces_the_good_one(
    watcher: ChampionWatcher,
    registry: ScriptedRegistry,
    trained_shop: TrainedShop,
    tmp_path: Path,
    spoiler: Spoiler,
) -> None:
    registry.folders[3] = break_copy(trained_shop, tmp_path / "broken", spoiler)
    registry.aliases["champion"] = 3

    watcher.look()

    assert (watcher.current.version, watcher.refused_version) == (1, 3)
    assert "version 3 is refused" in watcher.failure
    assert spoiler.reason in registry.written_tags[3]["load_failed"]


def test_a_refused_version_serves_only_once_it_is_overridden(
    watcher: ChampionWatcher, registry: ScriptedRegistry
) -> None:
    registry.written_tags[2] = {"verdict": "refuse", "reason": "worse than chance."}
    registry.aliases["champion"] = 2
    watcher.look()
    assert (watcher.current.version, watcher.refused_version) == (1, 2)
    assert "the gate refused it: worse than chance." in watcher.failure

    registry.tag(2, "override", "we want to see it in the shop")
    watcher.look()

    assert (watcher.current.version, watcher.failure) == (2, None)


def test_a_version_that_loads_after_all_loses_the_mark(watcher: ChampionWatcher, registry: ScriptedRegistry) -> None:
    registry.tag(2, "load_failed", "the disk was full")
    registry.aliases["champion"] = 2

    watcher.look()

    assert "load_failed" not in registry.written_tags[2]


def test_every_move_that_is_seen_leaves_an_audit_row(
    watcher: ChampionWatcher, registry: ScriptedRegistry, shop_of_version: Engine
) -> None:
    registry.written_tags[2] = {"verdict": "promote", "reason": "better."}
    for version in (2, 2, 1):
        registry.aliases["champion"] = version
        watcher.look()

    with Session(shop_of_version) as session:
        rows = session.scalars(select(AuditLog).where(AuditLog.subject == "alias/champion")).all()
    assert [(row.action, row.from_value, row.to_value) for row in rows] == [
        ("promote", None, "1"),
        ("promote", "1", "2"),
        ("roll back", "2", "1"),
    ]
    assert rows[1].details["verdict"] == "promote"


def test_moving_the_alias_back_ends_the_alarm(
    watcher: ChampionWatcher, registry: ScriptedRegistry, trained_shop: TrainedShop, tmp_path: Path
) -> None:
    registry.folders[3] = break_copy(trained_shop, tmp_path / "broken", SPOILERS["missing encoder"])
    registry.aliases["champion"] = 3
    watcher.look()

    registry.aliases["champion"] = 1
    watcher.look()

    assert (watcher.current.version, watcher.failure) == (1, None)


def test_a_registry_that_is_down_changes_nothing_but_is_said(
    watcher: ChampionWatcher, registry: ScriptedRegistry
) -> None:
    registry.is_down = True
    watcher.look()
    assert watcher.current.version == 1
    assert "connection refused" in watcher.failure

    registry.is_down = False
    watcher.look()
    assert watcher.failure is None


def test_a_newer_snapshot_is_served_at_the_next_look(
    sources: Sources, trained_shop: TrainedShop, tmp_path: Path
) -> None:
    shutil.copytree(trained_shop.store.uri, tmp_path / "store")
    store = MLStore(str(tmp_path / "store"))
    watcher = ChampionWatcher(replace(sources, store=store), poll_seconds=3600)
    watcher.look()
    rebuild(store, AS_OF + timedelta(days=1), NUM_BUCKETS)

    watcher.look()

    assert watcher.current.as_of == AS_OF + timedelta(days=1)


def test_the_same_instant_from_more_rows_is_served_at_the_next_look(sources: Sources, late_rows: LateRows) -> None:
    watcher = ChampionWatcher(replace(sources, store=late_rows.store), poll_seconds=3600)
    watcher.look()
    before = watcher.current

    late_rows.arrive()
    watcher.look()

    assert watcher.current.as_of == before.as_of
    assert watcher.current is not None
    [ranked] = answer_lists(watcher.current, [1], 5).recommendations
    assert 57 in [product.product_id for product in ranked.products]


def test_a_number_that_came_again_for_another_version_is_served(
    watcher: ChampionWatcher,
    registry: ScriptedRegistry,
    trained_shop: TrainedShop,
    shop_of_version: Engine,
    tmp_path: Path,
) -> None:
    registry.folders[1] = reissue(trained_shop.folder, tmp_path / "other")
    registry.run_ids[1] = "another-run"

    watcher.look()

    assert watcher.current.named == (1, "another-run")
    for subject, action in (("alias/champion", "promote"), ("served/champion", "serve")):
        assert audit_rows(shop_of_version, subject)[1:] == [(action, "1", "1")]


def test_a_thread_follows_the_alias(sources: Sources, registry: ScriptedRegistry) -> None:
    watcher = ChampionWatcher(sources, poll_seconds=0.02)
    watcher.start()
    registry.aliases["champion"] = 2

    deadline = time.monotonic() + 20
    while watcher.current.version != 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    watcher.stop()

    assert watcher.current.version == 2


def test_a_lost_alias_is_no_first_start(
    watcher: ChampionWatcher, registry: ScriptedRegistry, shop_of_version: Engine
) -> None:
    del registry.aliases["champion"]

    watcher.look()
    watcher.look()

    assert "is gone, version 1 carried it last" in watcher.failure
    assert watcher.current.version == 1
    assert audit_rows(shop_of_version, "alias/champion")[1:] == [("take away", "1", None)]


def test_only_versions_that_served_leave_a_row_that_says_so(
    watcher: ChampionWatcher, registry: ScriptedRegistry, shop_of_version: Engine
) -> None:
    registry.folders[3] = registry.folders[1]
    registry.written_tags[2] = {"verdict": "refuse", "reason": "worse than chance."}
    for version in (2, 1, 3):
        registry.aliases["champion"] = version
        watcher.look()

    assert audit_rows(shop_of_version, "served/champion") == [("serve", None, "1"), ("serve", "1", "3")]


def test_moves_between_two_looks_are_noted_as_mlflow_tells_them(
    watcher: ChampionWatcher, sources: Sources, registry: ScriptedRegistry, shop_of_version: Engine
) -> None:
    first = datetime.now(UTC)
    moves = {"a": 2, "b": 3, "c": None, "d": 1}
    told = [
        AliasEvent(delivery, first + timedelta(milliseconds=number), "wide_deep", "champion", version)
        for number, (delivery, version) in enumerate(moves.items())
    ]
    for event in (told[1], told[0], told[1], told[3], told[2]):
        sources.followup.hear(event)
    sources.followup.hear(replace(told[0], delivery="e", alias="challenger"))
    sources.followup.hear(replace(told[0], delivery="f", model_name="another model"))

    assert audit_rows(shop_of_version, "alias/champion")[1:] == [
        ("promote", "1", "2"),
        ("promote", "2", "3"),
        ("take away", "3", None),
        ("promote", None, "1"),
    ]


def test_a_full_disk_keeps_the_old_snapshot_serving_and_is_said(
    sources: Sources, trained_shop: TrainedShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_shop.store.uri, tmp_path / "store")
    store = MLStore(str(tmp_path / "store"))
    watcher = ChampionWatcher(replace(sources, store=store), poll_seconds=3600)
    watcher.look()
    rebuild(store, AS_OF + timedelta(days=1), NUM_BUCKETS)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**40, 2**40, 0))

    watcher.look()

    assert watcher.current is not None
    assert watcher.current.as_of == AS_OF
    assert "0 MB are free" in watcher.failure
    assert answer_lists(watcher.current, [3], 5).recommendations[0].products
    monkeypatch.undo()
    watcher.look()
    assert (watcher.current.as_of, watcher.failure) == (AS_OF + timedelta(days=1), None)


def test_a_file_that_was_damaged_before_a_start_is_written_again_while_it_serves(
    watcher: ChampionWatcher, sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    assert watcher.current is not None
    expected = answer_lists(watcher.current, [3], 5)
    with (watcher.current.snapshot.folder / "history").open("r+b") as file:
        file.write(bytes(1000))
    restarted = ChampionWatcher(sources, poll_seconds=0.05)

    restarted.start()

    assert restarted.current is not None
    deadline = time.monotonic() + 30
    while restarted.current.snapshot.was_there and time.monotonic() < deadline:
        time.sleep(0.02)
    restarted.stop()
    assert not restarted.current.snapshot.was_there
    assert answer_lists(restarted.current, [3], 5) == expected
    assert "history is damaged" in caplog.text
