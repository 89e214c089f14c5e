"""One real installation in containers, made with the README's own commands and shared by the tests of this folder."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import make_url

from deploy.airflow_client import AirflowClient
from tests.support.database_servers import find_free_port

ROOT = Path(__file__).parents[2]
SHOP = os.environ.get("CONTAINERS_SHOP", "synthetic --users 300 --products 200 --orders 6000 --seed 7")
"""What fills the shop; `demo` tries the real one, which trains for some minutes more."""
PORTS = ("API_PORT", "SERVING_PORT", "MLFLOW_PORT", "AIRFLOW_PORT", "STOREFRONT_PORT", "MYSQL_PORT")
UP_SECONDS = 2700.0
PASS_SECONDS = 1800.0


@dataclass(frozen=True)
class Installation:
    """A folder with the project's files, its own project of Compose, and its ports by setting."""

    folder: Path
    ports: dict[str, int]

    def compose(self, *arguments: str, check: bool = True) -> str:
        command = ["docker", "compose", *arguments]
        ended = run(command, self.folder)
        assert not check or ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def make(self, *arguments: str) -> str:
        ended = run(["make", *arguments], self.folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def url(self, setting: str) -> str:
        return f"http://127.0.0.1:{self.ports[setting]}"

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def database_url(self, name: str) -> str:
        """The address of a database of this installation, by its secret, from this machine."""
        url = make_url(self.secret(name)).set(host="127.0.0.1", port=self.ports["MYSQL_PORT"])
        return url.render_as_string(hide_password=False)

    def airflow(self) -> AirflowClient:
        return AirflowClient(self.url("AIRFLOW_PORT"), "admin", self.secret("airflow_admin_password"))

    def home(self, user_id: int = 1) -> httpx.Response:
        """Ask for a homepage as the shop's login lets its shopper: with a token."""
        claims = {"sub": str(user_id), "exp": datetime.now(UTC) + timedelta(minutes=1)}
        token = jwt.encode(claims, self.secret("api_token_key"), "HS256")
        return httpx.get(
            f"{self.url('STOREFRONT_PORT')}/recommendations/home",
            params={"user_id": user_id, "limit": 20},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )

    def find_process(self, service: str) -> int:
        """The first process of a service's container, 0 = it does not run."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        return int(run_docker("inspect", "--format", "{{.State.Pid}}", container))

    def kill(self, service: str) -> int:
        """Kill a container's first process from outside, as the kernel would: its restart policy then counts."""
        pid = self.find_process(service)
        os.kill(pid, 9)
        return pid

    def is_healthy(self, service: str) -> bool:
        container = self.compose("ps", "--quiet", service).strip()
        return bool(container) and run_docker("inspect", "--format", "{{.State.Health.Status}}", container) == "healthy"


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=UP_SECONDS)


def run_docker(*arguments: str) -> str:
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=120)
    return ended.stdout.strip()


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 120.0) -> float:
    """Wait until something is true, and tell for how long; a refused connection is not yet true."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        try:
            if condition():
                return time.monotonic() - started
        except (httpx.HTTPError, subprocess.CalledProcessError, KeyError):
            pass
        time.sleep(1)
    raise AssertionError(f"{what}: not after {seconds:.0f} s")


@pytest.fixture(scope="session")
def engine() -> None:
    """Docker and Compose v2 answer."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.fail("these tests need a Docker engine that answers `docker info`, with Compose v2")


@pytest.fixture(scope="session")
def installation(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything up, twice, and the first pass ended: `up` a second time while it runs must not begin another."""
    with open_project(tmp_path_factory.mktemp("31ie-"), DEMO_SHOPPERS="true", SHOP=SHOP) as installation:
        installation.make("secrets")
        installation.compose("up", "--detach", "--build")
        begun = installation.compose("ps", "--quiet", "airflow-scheduler")
        installation.compose("up", "--detach")
        assert installation.compose("ps", "--quiet", "airflow-scheduler") == begun, "a second `up` restarts nothing"
        wait_for(lambda: is_published(installation), "the first lists", PASS_SECONDS)
        yield installation


@contextmanager
def open_project(folder: Path, **settings: str) -> Iterator[Installation]:
    """Lay the project's files into a folder of their own; its containers and volumes go at the end."""
    project = copy_project(folder, **settings)
    try:
        yield project
    finally:
        project.compose("down", "--volumes", "--remove-orphans", check=False)


def copy_project(folder: Path, **settings: str) -> Installation:
    """Lay the project's files into a folder, as a clone, with a name, ports and settings of its own."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    installation = Installation(folder, {name: find_free_port() for name in PORTS})
    values = {**installation.ports, **settings}
    values["COMPOSE_PROJECT_NAME"] = re.sub(r"[^a-z0-9_-]", "", folder.name.lower()) + str(os.getpid())
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return installation


def is_published(installation: Installation) -> bool:
    return installation.home().headers.get("x-rung") == "published"
