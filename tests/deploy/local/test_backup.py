"""`make backup`: whole while others write, or nothing under its name."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.backups import folder
from deploy.backups.folder import MANIFEST, describe_files, read_manifest
from deploy.interpreter import SetupError
from deploy.local.backup import back_up
from deploy.progress import Board
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from settings import Settings, load_settings
from settings.kept import keep_settings
from shop.database import engine_scope, open_engine
from shop.load import main as load_shop
from shop.migrate import PLATFORM, SHOP, migrate

FILES = ("mlflow/artifacts/1/model.onnx", "models/webhook.secret", "airflow/passwords.json")
SHOP_OF_TESTS = "synthetic --users 20 --products 10 --orders 60"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop that was synced, and files of every kind."""
    var_dir = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAR_DIR", str(var_dir))
        load_settings.cache_clear()
        settings = Settings(var_dir=var_dir, shop=SHOP_OF_TESTS)
        keep_settings(settings)
        assert load_shop(SHOP_OF_TESTS.split()) == 0
        migrate(settings.platform_database_url, PLATFORM)
        with (
            engine_scope(open_engine(settings.shop_database_url)) as shop,
            engine_scope(open_engine(settings.platform_database_url)) as platform,
        ):
            sync_shop(shop, MLStore(settings.ml_store_uri), platform=platform)
        for name in (
            "mlflow/artifacts/1/model.onnx",
            "models/webhook.secret",
            "airflow/passwords.json",
            "logs/api.log",
        ):
            (var_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (var_dir / name).write_text(name)
    load_settings.cache_clear()
    return settings


def test_a_backup_holds_rows_tables_files_and_keys_and_no_logs(installation: Settings, tmp_path: Path) -> None:
    before = datetime.now(UTC)

    manifest = back_up(installation, tmp_path / "saved", Board())

    files = manifest.files
    assert {"shop.db", "platform.db", "settings.json", "mlflow/artifacts/1/model.onnx", "airflow/passwords.json"} <= {
        *files
    }
    assert not [path for path in files if path.startswith("logs/") or path.endswith("-wal")]
    assert manifest == read_manifest(tmp_path / "saved")
    assert {MANIFEST, *files} == {*describe_files(tmp_path / "saved")}
    assert before <= manifest.taken_at <= datetime.now(UTC)
    theirs, ours = MLStore(installation.ml_store_uri), MLStore(str(tmp_path / "saved" / "store"))
    assert ours.versions() == theirs.versions()
    assert ours.scan("orders").collect().equals(theirs.scan("orders").collect())
    with engine_scope(open_engine(f"sqlite:///{tmp_path / 'saved' / 'shop.db'}")) as engine, engine.connect() as shop:
        assert shop.scalar(text("SELECT count(*) FROM orders")) == 60


def test_others_cannot_read_a_backup(installation: Settings, tmp_path: Path) -> None:
    back_up(installation, tmp_path / "saved", Board())

    assert (tmp_path / "saved").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_there_is_left_alone(installation: Settings, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is there already: name a new folder"):
        back_up(installation, tmp_path, Board())

    assert not [*tmp_path.iterdir()]


def test_without_an_installation_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="There is no installation in"):
        back_up(Settings(var_dir=tmp_path / "var"), tmp_path / "saved", Board())

    assert not (tmp_path / "saved").exists()


def test_places_outside_are_named(installation: Settings, tmp_path: Path) -> None:
    elsewhere = installation.model_copy(
        update={"platform_database_url": "mysql+pymysql://u:p@db/platform", "ml_store_uri": "s3://bucket/store"}
    )

    with pytest.raises(SetupError, match=r"^PLATFORM_DATABASE_URL and ML_STORE_URI lead outside of VAR_DIR"):
        back_up(elsewhere, tmp_path / "saved", Board())


def test_the_database_of_a_mapped_shop_is_the_merchants_own(installation: Settings, tmp_path: Path) -> None:
    mapped = installation.model_copy(update={"shop_mapping": "shop.toml", "shop_database_url": "mysql+pymysql://db/s"})

    back_up(mapped, tmp_path / "saved", Board())


def test_a_backup_that_broke_off_has_no_name(
    installation: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "describe_files", lambda folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(installation, tmp_path / "saved", Board())
    assert not (tmp_path / "saved").exists()
    monkeypatch.undo()

    back_up(installation, tmp_path / "saved", Board())

    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_backup_names_the_revisions_of_its_schemas(installation: Settings, tmp_path: Path) -> None:
    manifest = back_up(installation, tmp_path / "saved", Board())

    assert manifest.revisions == {
        "shop": migrate(installation.shop_database_url, SHOP),
        "platform": migrate(installation.platform_database_url, PLATFORM),
    }
