import gzip
import os
from pathlib import Path

import pytest

from deploy.compose.project import Project
from deploy.interpreter import SetupError
from tests.deploy.compose.docker_stand_in import DockerStandIn, put_on_path


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerStandIn:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return put_on_path(tmp_path / "bin", tmp_path / "docker")


@pytest.fixture
def project(tmp_path: Path, docker: DockerStandIn) -> Project:
    return Project(tmp_path)


def test_what_was_dumped_is_loaded_again_however_long_it_is(
    project: Project, docker: DockerStandIn, tmp_path: Path
) -> None:
    rows = "INSERT INTO 상점 VALUES ('치즈');\n" * 100_000
    (docker.place / "databases.sql").write_text(rows)

    project.dump(["shop"], tmp_path / "dump.gz")
    (docker.place / "databases.sql").unlink()
    project.load(tmp_path / "dump.gz")

    assert (docker.place / "databases.sql").read_text() == "shop\n" + rows
    assert (tmp_path / "dump.gz").stat().st_mode & 0o077 == 0


def test_a_server_that_refuses_rows_is_quoted(project: Project, docker: DockerStandIn, tmp_path: Path) -> None:
    docker.break_at("mysql --default")
    with gzip.open(tmp_path / "dump.gz", "wt") as file:
        file.write("x" * 10_000_000)

    with pytest.raises(SetupError, match="The database server refused: out of order"):
        project.load(tmp_path / "dump.gz")


def test_without_docker_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SetupError, match="There is no Docker here"):
        Project(tmp_path).compose("ps")


def test_the_password_is_on_no_command_line(project: Project, docker: DockerStandIn, tmp_path: Path) -> None:
    (docker.place / "databases.sql").write_text("")
    project.dump(["shop"], tmp_path / "dump.gz")

    (asked,) = docker.asked
    assert 'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)"' in asked
    assert "--password" not in asked
