"""`make backup` of containers: what is asked of Docker, in which order, and what the folder then holds."""

import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from deploy.backups.folder import Manifest, read_manifest
from deploy.compose.backup import DATABASES, SETTINGS, back_up, list_databases
from deploy.compose.credentials import write_secrets
from deploy.compose.project import Project
from deploy.interpreter import SetupError
from deploy.progress import Board
from tests.deploy.compose.docker_stand_in import DockerStandIn, put_on_path

OWNER = (os.getuid(), os.getgid())
SQL = "CREATE TABLE orders (order_id INT);\n"
NAMES = ["shop", "platform", "mlflow", "airflow"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with secrets and settings."""
    (tmp_path / "project").mkdir()
    write_secrets(tmp_path / "project" / "secrets", OWNER)
    (tmp_path / "project" / ".env").write_text("NUM_BUCKETS=8\nAPI_PORT=18000\n")
    return Project(tmp_path / "project")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerStandIn:
    """A stand-in with a store, a file of a version, and databases."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stand_in = put_on_path(tmp_path / "bin", tmp_path / "old")
    pl.DataFrame({"order_id": [1, 2]}).write_delta(str(stand_in.place / "store" / "orders"))
    (stand_in.place / "artifacts" / "model.onnx").write_bytes(b"weights")
    (stand_in.place / "databases.sql").write_text(SQL)
    return stand_in


def test_all_parts_are_copied_in_the_order_in_which_none_names_what_a_later_one_lacks(
    project: Project, docker: DockerStandIn, tmp_path: Path
) -> None:
    manifest: Manifest = back_up(project, tmp_path / "saved", Board())

    store, databases, mlflow = docker.asked
    assert store.startswith("compose run --rm --no-deps --no-TTY --volume")
    assert "airflow-scheduler python -m deploy.compose.store_volume save" in store
    assert "mysqldump --single-transaction" in databases
    assert databases.endswith(f"--databases {' '.join(NAMES)}")
    assert "mlflow python -m deploy.compose.mlflow_volumes save" in mlflow
    assert manifest == read_manifest(tmp_path / "saved")
    assert {"artifacts/model.onnx", DATABASES, SETTINGS, "secrets/api_token_key", "store/orders/_delta_log"} <= {
        *manifest.files,
        *(path.rpartition("/")[0] for path in manifest.files),
    }
    assert gzip.decompress((tmp_path / "saved" / DATABASES).read_bytes()).decode() == f"{' '.join(NAMES)}\n{SQL}"
    assert (tmp_path / "saved").stat().st_mode & 0o077 == 0


def test_a_part_that_fails_says_why_and_leaves_no_backup(
    project: Project, docker: DockerStandIn, tmp_path: Path
) -> None:
    docker.break_at("store_volume save")

    with pytest.raises(SetupError, match=r"out of order: store_volume save$"):
        back_up(project, tmp_path / "saved", Board())

    assert not (tmp_path / "saved").exists()


def test_a_shop_on_another_server_is_its_merchants(project: Project) -> None:
    secrets = project.folder / "secrets"
    owners = secrets / "shop_owner_database_url"
    owners.write_text(owners.read_text().replace("@mysql:", "@db.example:"))

    assert list_databases(secrets) == NAMES[1:]


def test_another_database_on_another_server_is_named(project: Project) -> None:
    secrets = project.folder / "secrets"
    path = secrets / "platform_database_url"
    path.write_text(path.read_text().replace("@mysql:", "@db.example:"))

    with pytest.raises(SetupError, match=r"^secrets/platform_database_url lead to another server"):
        list_databases(secrets)
