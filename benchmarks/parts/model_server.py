"""A model server's stand-in: ranks products 1 to 100 for everybody. `python -m benchmarks.parts.model_server PORT`."""

import contextlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers `/recommend`, `/status` and `/readyz`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Rank for the users asked."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        products = [
            {"product_id": each, "category_id": each % 16 + 1, "score": 1 / each, "reason": "popular"}
            for each in range(1, 101)
        ]
        lists = [{"user_id": user, "products": products} for user in request.get("user_ids", [])]
        self._send({"model_version": 1, "recommendations": lists, "failure": None})

    def do_GET(self) -> None:
        """Be ready."""
        self._send({})

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has not waited
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
