"""Proxy before an object store that fails as it is told: `python -m tests.support.faulty_proxy PORT UPSTREAM_PORT`.

`POST /-/faults` takes the faults, a JSON list, and like `GET` answers how many requests fitted each of those before; a
request meets the first that it fits. A process of its own, as
deltalake keeps Python's lock while it waits.
"""

import http.client
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTROL = "/-/faults"
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Proxy(ThreadingHTTPServer):
    """Passes requests on to `upstream`, but for those that meet a fault."""

    daemon_threads = True

    def __init__(self, port: int, upstream: int):
        super().__init__(("127.0.0.1", port), Handler)
        self.upstream = upstream
        self.faults: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def find_fault(self, method: str, path: str) -> dict[str, Any]:
        """Return the fault that a request meets, counted; empty if none."""
        with self.lock:
            for fault in self.faults:
                if re.fullmatch(fault["methods"], method) and re.search(fault["path"], path):
                    fault["seen"] = fault.get("seen", 0) + 1
                    if fault["passed"] < fault["seen"] <= fault["passed"] + fault["times"]:
                        return fault
        return {}


class Handler(BaseHTTPRequestHandler):
    """One request: passed on, or failed."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece: of two, the second waits for what acknowledges the first
    disable_nagle_algorithm = True
    server: Proxy

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == CONTROL:
            with self.server.lock:
                old = self.server.faults
                if self.command == "POST":
                    self.server.faults = json.loads(body)
            self._send(200, [], json.dumps([fault.get("seen", 0) for fault in old]).encode())
            return
        fault = self.server.find_fault(self.command, self.path)
        time.sleep(fault.get("seconds", 0))
        if status := fault.get("status"):
            code, words = fault["code"], f"the store says {fault['code']}"
            xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
            self._send(status, [("Content-Type", "application/xml")], xml.encode())
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != fault.get("header")}
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if fault.get("loses_answer"):
            self.close_connection = True
            return
        self._send(answer.status, answer.getheaders(), content)

    do_GET = _answer  # noqa: N815  # these names are http.server's
    do_HEAD = _answer  # noqa: N815
    do_PUT = _answer  # noqa: N815
    do_POST = _answer  # noqa: N815
    do_DELETE = _answer  # noqa: N815

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
            elif name.lower() == "content-length" and self.command == "HEAD":
                length = value
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Proxy(int(sys.argv[1]), int(sys.argv[2])).serve_forever()
