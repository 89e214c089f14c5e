"""One real installation, made by the launcher on a small synthetic shop and shared by the tests of this folder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from settings import Settings
from tests.support.ports import PORTS, free_settings

ROOT = Path(__file__).parents[2]
SHOP = "synthetic --users 300 --products 200 --orders 6000 --seed 7"
LIMIT_SECONDS = 900
SYNC_BEGINS = timedelta(minutes=10)
"""The schedule of `sync_shop`, after midnight UTC."""
COUNTED = timedelta(minutes=8)
"""From before a first pass until its runs have been counted."""


@dataclass(frozen=True)
class Installation:
    """Where it runs, and what `up` said."""

    settings: Settings
    up_output: str

    def launch(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return launch(self.settings, *arguments, **variables)


def own_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a command that belongs to this installation."""
    own = {name.upper(): str(getattr(settings, name)) for name in ("var_dir", *PORTS)}
    return {**os.environ, **own}


def launch(settings: Settings, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call the launcher as `make` does, for an installation of its own; `variables` are further settings."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", *arguments],
        cwd=ROOT,
        env=own_environment(settings) | variables,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The whole platform, up after its first full pass."""
    settings = free_settings(tmp_path_factory.mktemp("var"))
    time.sleep(find_pause(datetime.now(UTC)).total_seconds())
    try:
        up = launch(settings, "up", "--shop", SHOP)
        assert up.returncode == 0, up.stdout + up.stderr
        yield Installation(settings, up.stdout)
    finally:
        launch(settings, "down")


def find_pause(now: datetime) -> timedelta:
    """Return how long to wait so that no sync of the night begins between the first pass and the count of its runs."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before_sync = (midnight + SYNC_BEGINS - now) % timedelta(days=1)
    return before_sync + timedelta(seconds=1) if before_sync < COUNTED else timedelta(0)


@pytest.fixture(scope="package")
def airflow(installation: Installation) -> AirflowClient:
    settings = installation.settings
    return AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, ensure_password(settings))


def holders(ports: set[int]) -> set[int]:
    """Which processes listen on these ports."""
    listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr]
    return {c.pid for c in listening if c.pid and c.laddr.port in ports}
