"""What the launcher's tables say."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deploy.local.report import describe_status, find_state, link_versions
from deploy.local.services import services
from settings import Settings
from tests.support.ports import free_settings


def test_mlflow_opens_as_a_model_registry(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, mlflow_port=5055, model_name="ours")

    assert link_versions(settings) == "http://127.0.0.1:5055/#/models/ours?workflowType=machine_learning"


def test_status_names_the_shop_without_its_password(tmp_path: Path) -> None:
    url = "mysql+pymysql://reader:secret@127.0.0.1/wordpress"
    settings = free_settings(tmp_path).model_copy(update={"shop": "mapping woocommerce", "shop_database_url": url})

    said = describe_status(settings)

    assert "mapping woocommerce, in mysql+pymysql://reader:***@127.0.0.1/wordpress" in said
    assert "secret" not in said


class _HealthyAirflow(BaseHTTPRequestHandler):
    """Answers as an Airflow does whose components all are well."""

    def do_GET(self) -> None:
        component = {"status": "healthy", "latest_scheduler_heartbeat": datetime.now(UTC).isoformat()}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"scheduler": component}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def airflow_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _HealthyAirflow)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def idle() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that listens on no port."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("is_ours", "state"), [(True, "healthy"), (False, "not known: airflow-api-server")], ids=["ours", "another's"]
)
def test_a_scheduler_is_healthy_only_where_our_own_airflow_says_so(
    tmp_path: Path, airflow_port: int, idle: "subprocess.Popen[bytes]", is_ours: bool, state: str
) -> None:
    parts = services(Settings(var_dir=tmp_path, airflow_port=airflow_port))
    [scheduler] = [part for part in parts if part.name == "airflow-scheduler"]
    views: dict[str, dict[str, Any]] = {
        "airflow-scheduler": {"statename": "RUNNING", "pid": os.getpid(), "start": 0},
        "airflow-api-server": {"statename": "RUNNING", "pid": os.getpid() if is_ours else idle.pid, "start": 0},
    }

    assert find_state(scheduler, parts, views).startswith(state)


def test_another_installations_airflow_on_our_port_is_not_ours(
    tmp_path: Path, airflow_port: int, idle: "subprocess.Popen[bytes]"
) -> None:
    parts = services(Settings(var_dir=tmp_path, airflow_port=airflow_port))
    [server] = [part for part in parts if part.name == "airflow-api-server"]
    views = {server.name: {"statename": "RUNNING", "pid": idle.pid, "start": 0}}

    assert find_state(server, parts, views) == f"does not listen on port {airflow_port}"


def test_a_scheduler_that_has_just_been_killed_is_not_healthy(
    tmp_path: Path, airflow_port: int, idle: "subprocess.Popen[bytes]"
) -> None:
    parts = services(Settings(var_dir=tmp_path, airflow_port=airflow_port))
    [scheduler] = [part for part in parts if part.name == "airflow-scheduler"]
    view = {"statename": "RUNNING", "pid": idle.pid, "start": 0}
    api_server = {"statename": "RUNNING", "pid": os.getpid(), "start": 0}

    idle.kill()
    os.waitid(os.P_PID, idle.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked yet how

    assert find_state(scheduler, parts, {"airflow-scheduler": view, "airflow-api-server": api_server}) == "has ended"
