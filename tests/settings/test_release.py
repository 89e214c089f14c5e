"""What a newer release has written ends every command in one line, and nothing is changed."""

import json
from pathlib import Path

import pytest

from deploy.local.__main__ import main as launch
from features.rebuild import main as rebuild
from serving.score import main as score
from settings import Settings, load_settings
from settings.kept import KEPT_FILE, keep_settings
from settings.release import RELEASE, is_newer
from shop.migrate import main as migrate


@pytest.mark.parametrize(
    ("release", "newer"),
    [("99.0", True), ("0.1.1", True), ("0.1.0.1", True), ("0.10.0", True), (RELEASE, False), ("0.0.9", False)],
)
def test_releases_are_compared_by_their_numbers(release: str, newer: bool) -> None:
    assert is_newer(release) is newer


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that release 99.0 has written."""
    keep_settings(Settings(var_dir=tmp_path))
    kept = json.loads((tmp_path / KEPT_FILE).read_text())
    assert kept["release"] == RELEASE
    (tmp_path / KEPT_FILE).write_text(json.dumps({**kept, "release": "99.0"}))
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        lambda: launch(["up"]),
        lambda: launch(["shop", "--shop", "demo", "--yes"]),
        lambda: launch(["backup", "--folder", "saved"]),
        lambda: migrate([]),
        lambda: rebuild([]),
        lambda: score([]),
    ],
    ids=["up", "shop", "backup", "migrate", "rebuild", "score"],
)
def test_an_installation_of_a_newer_release_is_left_alone(
    newer: Path, command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(newer.rglob("*"))

    assert callable(command)
    assert command() == 1

    [line] = capsys.readouterr().err.splitlines()
    assert f"Release 99.0 has written the installation in {newer}, and this is release {RELEASE}" in line
    assert line.endswith("Nothing was changed.")
    assert sorted(newer.rglob("*")) == before


def test_it_can_be_stopped(newer: Path) -> None:
    assert launch(["down"]) == 0
