import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from deploy.backups.folder import MANIFEST, begin, describe_files, finish
from deploy.compose.store_volume import load, save
from deploy.interpreter import SetupError
from settings import Settings
from shop.migrate import PLATFORM, SHOP, migrate


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(var_dir=tmp_path / "var")
    settings.var_dir.mkdir()
    pl.DataFrame({"order_id": [1, 2]}).write_delta(f"{settings.ml_store_uri}/orders")
    return settings


@pytest.fixture
def saved(settings: Settings, tmp_path: Path) -> Path:
    """The store's part of a backup."""
    revisions = {"shop": migrate(settings.shop_database_url, SHOP)}
    revisions["platform"] = migrate(settings.platform_database_url, PLATFORM)
    assert save(settings, begin(tmp_path / "saved")) == revisions
    finish(tmp_path / "saved", datetime.now(UTC), "0.1.0", revisions)
    return tmp_path / "saved"


def place(tmp_path: Path) -> Settings:
    (tmp_path / "new").mkdir()
    return Settings(var_dir=tmp_path / "var", ml_store_uri=str(tmp_path / "new"))


def test_a_saved_store_is_put_back_to_the_last_byte(saved: Path, settings: Settings, tmp_path: Path) -> None:
    new = place(tmp_path)

    assert load(new, saved) == len(describe_files(tmp_path / "new"))

    assert describe_files(tmp_path / "new") == describe_files(Path(settings.ml_store_uri))


def test_a_backup_of_a_newer_release_is_not_put_back(saved: Path, tmp_path: Path) -> None:
    manifest = json.loads((saved / MANIFEST).read_text())
    manifest["revisions"]["shop"] = "9999"
    (saved / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(SetupError, match="its shop's schema 9999 is not known here"):
        load(place(tmp_path), saved)

    assert not [*(tmp_path / "new").iterdir()]


def test_a_store_in_an_object_store_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="ML_STORE_URI leads to an object store"):
        save(Settings(var_dir=tmp_path, ml_store_uri="s3://shop/store"), tmp_path)
