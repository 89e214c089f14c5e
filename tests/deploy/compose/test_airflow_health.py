import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.compose.airflow_health import component_status

REPORT = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}, "triggerer": {"status": None}}


class Airflow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert self.path == "/api/v2/monitor/health"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(REPORT).encode())

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Airflow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    ("component", "status"),
    [("metadatabase", "healthy"), ("scheduler", "unhealthy"), ("triggerer", "None"), ("dag_processor", "None")],
    ids=["healthy", "unhealthy", "never ran", "not reported"],
)
def test_a_component_has_the_status_that_the_api_reports(url: str, component: str, status: str) -> None:
    assert component_status(url, component) == status


def test_an_api_that_is_down_is_an_error() -> None:
    with pytest.raises(OSError, match="refused"):
        component_status("http://127.0.0.1:1", "scheduler")
