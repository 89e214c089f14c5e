"""The real server, started as the launcher and the container start it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlflow_server.health import ask
from settings import Settings

ROOT = Path(__file__).parents[2]
SECRET = "only-for-this-test-0123456789"
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    values = {
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "MLFLOW_PORT": str(free_port()),
        "ENVIRONMENT": "production",
        "MLFLOW_ADMIN_PASSWORD": SECRET,
        "MLFLOW_SECRET_KEY": SECRET,
    }
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in values.items()})
    process = subprocess.Popen([sys.executable, "-m", "mlflow_server"], cwd=ROOT, env={**os.environ, **values})
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(settings):
            assert process.poll() is None, "the server ended before it answered"
            assert time.monotonic() < deadline, f"no answer within {START_SECONDS} s"
            time.sleep(0.5)
        yield settings
    finally:
        process.terminate()
        assert process.wait(timeout=30) is not None


def answers(settings: Settings) -> bool:
    try:
        ask(settings)
    except OSError:
        return False
    return True


def status_of(settings: Settings, headers: dict[str, str]) -> int:
    url = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/experiments/search?max_results=1"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as err:
        return err.code


def test_the_api_answers_with_the_generated_login(server):
    ask(server)


def test_the_api_refuses_a_stranger(server):
    assert status_of(server, {}) == 401


def test_the_api_refuses_an_unknown_host_name(server):
    assert status_of(server, {"Host": "attacker.example"}) == 403


def test_databases_lie_under_var_dir(server):
    assert (server.var_dir / "mlflow" / "mlflow.db").is_file()
    assert (server.var_dir / "mlflow" / "login.db").is_file()
