"""A store of a newer release is left alone; one of before is noted as ours by the first who writes."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.maintain import main as maintain
from features.rebucket import main as rebucket
from features.rebuild import main as rebuild
from features.store import MLStore
from features.store_failures import StoreError
from features.store_format import FILE, FORMAT, note_format, require_known_format
from features.sync.lease import hold_lease
from features.sync.shop_sync import main as sync
from settings import load_settings
from settings.release import RELEASE


def test_who_writes_notes_the_format(store: MLStore) -> None:
    require_known_format(store.files)

    with hold_lease(store):
        pass

    assert json.loads(Path(store.uri, FILE).read_text()) == {"format": FORMAT, "release": RELEASE}
    require_known_format(store.files)


@pytest.fixture
def newer(tiny_shop: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that release 99.0 has written, of an installation with a shop."""
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / FILE).write_text(json.dumps({"format": FORMAT + 1, "release": "99.0"}))
    for name in ("SHOP_DATABASE_URL", "PLATFORM_DATABASE_URL"):
        monkeypatch.setenv(name, tiny_shop.url.render_as_string())
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    return folder


@pytest.mark.parametrize(
    "command", [sync, rebuild, rebucket, maintain], ids=["sync", "rebuild", "rebucket", "maintain"]
)
def test_a_store_of_a_newer_release_is_left_alone(
    newer: Path, command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(command)
    assert command([]) == 1

    [line] = capsys.readouterr().err.splitlines()
    assert f"Release 99.0 has written the ML store '{newer}' in format {FORMAT + 1}" in line
    assert line.endswith("Nothing was changed.")
    assert [path.name for path in newer.iterdir()] == [FILE]


def test_who_opened_it_before_it_was_upgraded_writes_nothing_more(newer: Path) -> None:
    store = MLStore(str(newer))

    with pytest.raises(StoreError, match="Release 99"), hold_lease(store):
        pass
    with pytest.raises(StoreError, match="Release 99"):
        note_format(store.files)

    assert store.tables() == []
