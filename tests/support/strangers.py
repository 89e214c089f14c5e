"""Servers of somebody else on a port that is ours: they speak HTTP, and are neither MLflow nor Airflow."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ANSWERS = {
    "page": (200, b"<html>hello</html>"),
    "no-text": (200, b"\xff\xfe"),
    "other-object": (200, b'{"registered_models": []}'),
    "list": (200, b"[]"),
    "no-such-page": (404, b'{"detail": "Not Found"}'),
}
"""Status and body, by kind of stranger."""


class _Stranger(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, kind: str):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = ANSWERS[kind]


class _Handler(BaseHTTPRequestHandler):
    server: _Stranger

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def stranger_running(kind: str) -> Iterator[int]:
    """Let a server answer every request alike for the time of a block.

    Args:
        kind: one of `ANSWERS`.

    Yields:
        Its port.
    """
    server = _Stranger(kind)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
