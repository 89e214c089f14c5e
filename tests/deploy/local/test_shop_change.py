"""`make shop`: what was made for the shop before goes aside, whole, wherever the change is killed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.interpreter import SetupError
from deploy.local.installed_shop import choose_shop, holds_shop
from deploy.local.shop_change import ASIDE, NOTE, OF_A_SHOP, change_shop, finish_change
from deploy.progress import Board
from settings import Settings, load_settings
from settings.kept import keep_settings
from shop.load import main as load_shop

BEFORE = "synthetic --users 20 --products 10 --orders 60"
AFTER = "synthetic --users 30 --products 10 --orders 60"
FOLDERS = ("store", "mlflow", "airflow", "models", "logs")


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with a shop, and with what its owner put there."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    keep_settings(Settings(var_dir=tmp_path, shop=BEFORE, api_port=18000, currency="KRW"))
    assert load_shop(BEFORE.split()) == 0
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows").write_text("of the shop before")
    (tmp_path / "export").mkdir()
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def hold_changed(var_dir: Path) -> None:
    """Nothing of the shop before remains, all of it lies aside, and ports and the owner's own files stay."""
    [aside] = (var_dir / ASIDE).iterdir()
    assert not [name for name in OF_A_SHOP if (var_dir / name).exists() and name != "settings.json"]
    assert all((aside / name / "rows").is_file() for name in FOLDERS)
    assert holds_shop(aside)
    assert json.loads((aside / "settings.json").read_text())["shop"] == BEFORE
    assert (var_dir / "export").is_dir()
    assert not (var_dir / NOTE).exists()
    settings, shop = choose_shop("")
    assert (shop.text, settings.api_port, settings.currency) == (AFTER, 18000, "KRW")


def test_the_shop_before_goes_aside(var_dir: Path) -> None:
    change_shop(AFTER, Board(), is_agreed=True)

    hold_changed(var_dir)


@pytest.mark.parametrize("at", range(12))
def test_a_change_that_was_killed_is_finished(var_dir: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Each rename of the change is where it ends once; the last ones come after all of them."""
    rename, calls = Path.rename, iter(range(100))

    def die(path: Path, target: Path) -> Path:
        if path.parent == var_dir and next(calls) == at:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", die)
    try:
        change_shop(AFTER, Board(), is_agreed=True)
    except KeyboardInterrupt:
        assert (var_dir / NOTE).exists()
    monkeypatch.undo()
    monkeypatch.setenv("VAR_DIR", str(var_dir))
    finish_change(var_dir, Board())
    change_shop(AFTER, Board(), is_agreed=False)

    hold_changed(var_dir)


def test_nothing_changes_where_nobody_agrees(var_dir: Path) -> None:
    with pytest.raises(SetupError, match="add YES=1"):
        change_shop(AFTER, Board(), is_agreed=False)

    assert choose_shop("")[1].text == BEFORE
    assert not (var_dir / NOTE).exists()


def test_a_shop_that_cannot_be_taken_changes_nothing(var_dir: Path) -> None:
    for shop, reason in (
        ("", "Say which shop"),
        ("directory no/such", "there is no folder"),
        ("mapping opencart", "URL"),
    ):
        with pytest.raises(SetupError, match=reason):
            change_shop(shop, Board(), is_agreed=True)

    assert choose_shop("")[1].text == BEFORE


def test_the_same_shop_is_no_change(var_dir: Path) -> None:
    change_shop(BEFORE, Board(), is_agreed=False)

    assert not (var_dir / ASIDE).exists()


def test_places_outside_are_named_anew(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_settings(Settings(var_dir=var_dir, shop=BEFORE, ml_store_uri="s3://bucket/store"))
    (var_dir / "shop.db").touch()
    monkeypatch.setenv("ML_STORE_URI", "s3://bucket/store")
    load_settings.cache_clear()

    with pytest.raises(SetupError, match="ML_STORE_URI lead outside of VAR_DIR"):
        change_shop(AFTER, Board(), is_agreed=True)

    assert not (var_dir / NOTE).exists()
