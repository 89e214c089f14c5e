"""A failed task tells a real receiver on loopback, and its log ends with the reason."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

import settings
from dags.wiring.failure import call_webhook, say_reason
from settings import Settings

CONTEXT = {
    "ti": SimpleNamespace(dag_id="sync_shop", task_id="sync", run_id="one", log_url="http://127.0.0.1:8080/log"),
    "exception": RuntimeError("features.sync: the shop's database does not answer"),
}


class Receiver(HTTPServer):
    """Keeps what it is told."""

    told: list[dict[str, Any]]
    status = 204


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        server: Receiver

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.told.append(json.loads(body))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with Receiver(("127.0.0.1", 0), Handler) as server:
        server.told = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def set_webhook(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(settings, "load_settings", lambda: Settings(failure_webhook=SecretStr(address)))


def test_a_failure_calls_the_address_of_the_settings(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    set_webhook(monkeypatch, f"http://127.0.0.1:{receiver.server_port}/hook")

    call_webhook(CONTEXT)

    reason = "features.sync: the shop's database does not answer"
    assert receiver.told == [
        {
            "text": f"sync_shop failed in its task sync: {reason}",
            "workflow": "sync_shop",
            "task": "sync",
            "run": "one",
            "reason": reason,
            "log": "http://127.0.0.1:8080/log",
        }
    ]


def test_without_an_address_nobody_is_called(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    set_webhook(monkeypatch, "")

    call_webhook(CONTEXT)

    assert receiver.told == []


def test_a_receiver_that_fails_is_a_warning_without_its_address(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    set_webhook(monkeypatch, f"http://127.0.0.1:{receiver.server_port}/hook/secret-token")

    call_webhook(CONTEXT)

    assert "FAILURE_WEBHOOK was not called: HTTPStatusError" in caplog.text
    assert "secret-token" not in "".join(record.getMessage() for record in caplog.records if record.name[:4] == "dags")


def test_the_reason_is_an_error_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    say_reason(CONTEXT)

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "features.sync: the shop's database does not answer")
    ]


def test_every_task_says_why_it_failed_last(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert list(task.on_failure_callback) == [call_webhook, say_reason], task
            assert list(task.on_retry_callback) == [say_reason], task
