"""`make restore` of containers: the very files and settings in an empty project, or nothing."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from deploy.backups.folder import begin, describe_files, finish
from deploy.compose.backup import back_up
from deploy.compose.credentials import write_secrets
from deploy.compose.project import Project
from deploy.compose.restore import merge_settings, restore
from deploy.interpreter import SetupError
from deploy.progress import Board
from tests.deploy.compose.docker_stand_in import DockerStandIn, put_on_path

OWNER = (os.getuid(), os.getgid())
SQL = "CREATE TABLE orders (order_id INT);\n"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was backed up (`old`, `secrets`), and the backup of it (`saved`)."""
    folder = tmp_path_factory.mktemp("origin")
    write_secrets(folder / "secrets", OWNER)
    (folder / ".env").write_text("NUM_BUCKETS=8\nCOMPOSE_PROJECT_NAME=old\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        docker = put_on_path(folder / "bin", folder / "old")
        pl.DataFrame({"order_id": [1, 2]}).write_delta(str(docker.place / "store" / "orders"))
        (docker.place / "artifacts" / "model.onnx").write_bytes(b"weights")
        (docker.place / "databases.sql").write_text(SQL)
        back_up(Project(folder), folder / "saved", Board())
    return folder


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerStandIn:
    """A stand-in without any volume."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return put_on_path(tmp_path / "bin", tmp_path / "new")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty clone with a port of its own."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".env").write_text("API_PORT=18000\n")
    return Project(tmp_path / "project")


def test_an_empty_project_then_holds_the_same_files_databases_and_secrets(
    origin: Path, docker: DockerStandIn, project: Project
) -> None:
    restore(project, origin / "saved", Board())

    for part in ("store", "artifacts"):
        assert describe_files(docker.place / part) == describe_files(origin / "old" / part)
    assert (docker.place / "databases.sql").read_text() == "shop platform mlflow airflow\n" + SQL
    assert describe_files(project.folder / "secrets") == describe_files(origin / "secrets")
    env = (project.folder / ".env").read_text().splitlines()
    assert env[:2] == ["API_PORT=18000", "NUM_BUCKETS=8"]
    assert any(line.startswith("SECRETS_STAMP=") for line in env)
    assert "COMPOSE_PROJECT_NAME" not in "".join(env)
    assert [line.split()[1] for line in docker.asked] == ["config", "ls", "build", "run", "run", "up", "run", "exec"]


def test_a_project_that_has_volumes_is_left_alone(origin: Path, docker: DockerStandIn, project: Project) -> None:
    docker.have_volumes("shop_mysql\nshop_store\n")

    with pytest.raises(SetupError, match=r"The project shop has volumes already \(shop_mysql\)"):
        restore(project, origin / "saved", Board())

    assert not (project.folder / "secrets").exists()
    assert not [line for line in docker.asked if "down" in line]


def test_other_secrets_are_left_alone(origin: Path, docker: DockerStandIn, project: Project) -> None:
    write_secrets(project.folder / "secrets", OWNER)
    before = describe_files(project.folder)

    with pytest.raises(SetupError, match="is another one than the backup's"):
        restore(project, origin / "saved", Board())

    assert describe_files(project.folder) == before


def test_a_damaged_backup_makes_nothing(origin: Path, docker: DockerStandIn, project: Project, tmp_path: Path) -> None:
    shutil.copytree(origin / "saved", tmp_path / "damaged")
    (tmp_path / "damaged" / "artifacts" / "model.onnx").write_bytes(b"Weights")

    with pytest.raises(SetupError, match=r"artifacts/model\.onnx is not what was backed up"):
        restore(project, tmp_path / "damaged", Board())

    assert not (project.folder / "secrets").exists()
    assert [line.split()[1] for line in docker.asked] == ["config", "ls"]


def test_what_fails_on_the_way_takes_its_volumes_along(origin: Path, docker: DockerStandIn, project: Project) -> None:
    docker.break_at("store_volume load")

    with pytest.raises(SetupError, match="out of order: store_volume load"):
        restore(project, origin / "saved", Board())

    assert docker.asked[-1] == "compose down --volumes"


def test_a_backup_of_one_machine_is_refused(docker: DockerStandIn, project: Project, tmp_path: Path) -> None:
    (begin(tmp_path / "saved") / "shop.db").write_text("rows")
    finish(tmp_path / "saved", datetime.now(UTC), "0.1.0", {})

    with pytest.raises(SetupError, match="is a backup of one machine"):
        restore(project, tmp_path / "saved", Board())


def test_settings_of_the_place_win_and_its_name_stays() -> None:
    theirs = ["# kept by hand", "NUM_BUCKETS=8", "API_PORT=8000", "APP_UID=1000", "COMPOSE_PROJECT_NAME=old"]

    assert merge_settings(["API_PORT=18000"], theirs) == ["API_PORT=18000", "NUM_BUCKETS=8"]
