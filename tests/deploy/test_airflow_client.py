"""The client against a server that is slow, failing or busy as Airflow on SQLite can be."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from deploy import airflow_client
from deploy.airflow_client import AirflowClient
from deploy.interpreter import SetupError
from tests.support.strangers import ANSWERS, stranger_running


class BusyServer(ThreadingHTTPServer):
    """Answers like Airflow, after as many troubles as a test asks for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.troubles: list[str] = []
        self.run_ids: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: BusyServer

    def do_GET(self) -> None:
        self._answer(200, {"dag_runs": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            is_known = body["password"] != "of another installation"
            self._answer(201 if is_known else 401, {"access_token": "token"})
            return
        known = body["dag_run_id"] in self.server.run_ids
        self.server.run_ids.add(body["dag_run_id"])  # Airflow writes the run even when its answer comes too late
        self._answer(409 if known else 200, {"dag_run_id": body["dag_run_id"]})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        trouble = self.server.troubles.pop(0) if self.server.troubles and self.path != "/auth/token" else None
        if trouble == "late":
            time.sleep(0.6)
        content = json.dumps(body).encode()
        try:
            self.send_response(503 if trouble == "busy" else status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except BrokenPipeError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BusyServer]:
    monkeypatch.setattr(airflow_client, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(airflow_client, "RETRY_SECONDS", 0.0)
    server = BusyServer()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def connect(server: BusyServer) -> AirflowClient:
    return AirflowClient(f"http://127.0.0.1:{server.server_address[1]}", "admin", "secret")


@pytest.mark.parametrize("trouble", ["late", "busy"])
def test_asks_again_after_a_busy_moment(server: BusyServer, trouble: str) -> None:
    airflow = connect(server)
    server.troubles = [trouble] * 2
    assert airflow.runs("sync_shop") == []


@pytest.mark.parametrize("trouble", ["late", "busy"])
def test_a_trigger_that_was_answered_too_late_starts_one_run(server: BusyServer, trouble: str) -> None:
    airflow = connect(server)
    server.troubles = [trouble]
    assert server.run_ids == {airflow.trigger("sync_shop")}


def test_a_server_that_stays_silent_is_an_error(server: BusyServer) -> None:
    airflow = connect(server)
    server.troubles = ["late"] * airflow_client.TRIES
    with pytest.raises(httpx.TimeoutException):
        airflow.runs("sync_shop")


def test_another_installations_airflow_refuses_the_login_in_words(server: BusyServer) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}"

    with pytest.raises(SetupError, match=f"the Airflow at {url} refuses the login"):
        AirflowClient(url, "admin", "of another installation")


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_no_airflow_is_said_to_be_none(kind: str) -> None:
    with (
        stranger_running(kind) as port,
        pytest.raises(SetupError, match=rf"answers at http://127.0.0.1:{port}/auth/token \(\d+\) is no Airflow: free"),
    ):
        AirflowClient(f"http://127.0.0.1:{port}", "admin", "secret")
