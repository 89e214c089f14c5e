"""`make restore`: the very bytes in an empty place, or nothing, with a word on what is wrong."""

import json
from pathlib import Path

import pytest

from deploy.backups.folder import MANIFEST, describe_files
from deploy.interpreter import SetupError
from deploy.local import restore as restoring
from deploy.local.__main__ import main as launch
from deploy.local.backup import back_up
from deploy.local.restore import PARTIAL, restore
from deploy.progress import Board
from settings import Settings, load_settings
from settings.kept import keep_settings
from shop.migrate import PLATFORM, SHOP, migrate


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    settings = Settings(var_dir=tmp_path / "var", api_port=18000)
    keep_settings_in(settings)
    migrate(settings.shop_database_url, SHOP)
    migrate(settings.platform_database_url, PLATFORM)
    (settings.var_dir / "images").mkdir()
    (settings.var_dir / "images" / "사진.webp").write_bytes(b"picture")
    back_up(settings, tmp_path / "saved", Board())
    return tmp_path / "saved"


def keep_settings_in(settings: Settings) -> None:
    settings.var_dir.mkdir()
    keep_settings(settings)


def list_saved(backup: Path) -> dict[str, object]:
    return {path: file for path, file in describe_files(backup).items() if path != MANIFEST}


def test_a_restored_place_holds_the_same_bytes(backup: Path, tmp_path: Path) -> None:
    restore(tmp_path / "새 곳", backup, Board())

    assert describe_files(tmp_path / "새 곳") == list_saved(backup)


def test_a_place_with_an_installation_is_left_alone(backup: Path, tmp_path: Path) -> None:
    before = describe_files(tmp_path / "var")

    with pytest.raises(SetupError, match="holds an installation already"):
        restore(tmp_path / "var", backup, Board())

    assert describe_files(tmp_path / "var") == before


@pytest.mark.parametrize("damage", ["changed", "cut", "lost"])
def test_a_damaged_backup_puts_nothing_in_place(backup: Path, tmp_path: Path, damage: str) -> None:
    picture = backup / "images" / "사진.webp"
    match damage:
        case "changed":
            picture.write_bytes(b"Picture")
        case "cut":
            picture.write_bytes(b"pict")
        case _:
            picture.unlink()

    with pytest.raises(SetupError, match=r"images/사진\.webp"):
        restore(tmp_path / "new", backup, Board())

    assert not [*(tmp_path / "new").glob("*")]


def test_a_folder_without_a_backup_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no backup"):
        restore(tmp_path / "new", tmp_path, Board())


def test_a_backup_of_a_newer_release_is_refused(backup: Path, tmp_path: Path) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest["revisions"]["platform"] = "9999"
    (backup / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(SetupError, match="its platform's schema 9999 is not known here"):
        restore(tmp_path / "new", backup, Board())
    (backup / MANIFEST).write_text(json.dumps({**manifest, "version": "99.0", "moons": 3}))
    with pytest.raises(SetupError, match=r"Release 99\.0 took this backup, and this is release"):
        restore(tmp_path / "new", backup, Board())

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("at", range(4))
def test_a_restore_that_was_killed_is_finished_by_the_next(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], at: int
) -> None:
    replace, calls = restoring._replace, iter(range(100))

    def die(source: Path, target: Path) -> None:
        if next(calls) == at:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(restoring, "_replace", die)
    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "new", backup, Board())
    monkeypatch.setattr(restoring, "_replace", replace)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "new"))
    load_settings.cache_clear()
    assert launch(["up"]) == 1
    assert "A restore into" in capsys.readouterr().err

    restore(tmp_path / "new", backup, Board())

    assert describe_files(tmp_path / "new") == list_saved(backup)
    assert not (tmp_path / "new" / PARTIAL).exists()
    load_settings.cache_clear()


def test_the_command_says_what_comes_next(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "new"))
    load_settings.cache_clear()

    assert launch(["restore", "--folder", str(backup)]) == 0

    assert f"Next: make up VAR_DIR={tmp_path / 'new'}" in capsys.readouterr().out
    assert launch(["restore"]) == 1
    assert "make restore FROM=FOLDER" in capsys.readouterr().err
    load_settings.cache_clear()
