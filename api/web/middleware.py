"""Middleware around every request: id, limits, security headers, measurement, log line.

Plain ASGI, since it is on every path.
"""

import re
import time
from collections.abc import Mapping
from math import ceil

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.logs import RequestLog
from api.web.metrics import Metrics
from api.web.rate_limit import RateLimiter, name_client
from api.web.request_ids import LONGEST_ID, RequestIds

MAX_BODY_BYTES = 256 * 1024
MAX_HOST_CHARACTERS = 255
REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,%d}" % LONGEST_ID)
_PORT = re.compile(r":\d*$")
ALWAYS_SERVED = frozenset({"/health", "/metrics"})
"""Paths that load balancers and Prometheus ask for, as often as they like and by whatever name."""
SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-site"),
]
PROVENANCE_HEADERS = (b"x-batch-id", b"x-model-version", b"x-rung", b"x-arm")
ANSWERS_LOAD_NOTHING = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class AllowedHosts:
    """Names that a server goes by, as `ALLOWED_HOSTS` lists them."""

    def __init__(self, names: str):
        """Take names with commas: `shop.example`, `*.shop.example` for all below it, `*` for any."""
        patterns = [name.strip().lower() for name in names.split(",") if name.strip()]
        self._any = "*" in patterns
        self._names = {name for name in patterns if not name.startswith("*")}
        self._endings = tuple(name[1:] for name in patterns if name.startswith("*."))

    def have(self, host: bytes) -> bool:
        """Return whether a Host header names this server, on whatever port."""
        if self._any:
            return True
        name = _PORT.sub("", host[:MAX_HOST_CHARACTERS].decode("latin-1")).lower()
        return name in self._names or name.endswith(self._endings)


class RequestEnvelope:
    """Wraps a request: takes or draws its id, refuses what is too long or too often, adds headers, measures."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        request_ids: RequestIds,
        limiter: RateLimiter | None = None,
        hosts: AllowedHosts | None = None,
    ):
        """Wrap an application.

        Args:
            app: the application.
            metrics: where the time of each request goes.
            request_ids: draws ids, and signs those of answers that show products.
            limiter: how often a client may ask; `None` = as often as it likes.
            hosts: the names that requests may call this server by; `None` = any.
        """
        self._hosts = hosts
        self._app = app
        self._metrics = metrics
        self._limiter = limiter
        self._log = RequestLog(__name__)
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if REQUEST_ID.fullmatch(given) else self._request_ids.draw()
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, scope, request_id)
            await send(message)

        try:
            refusal = self._find_refusal(scope, headers, request_id)
            await (refusal or self._app)(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.measure(route, status, seconds)
            self._log.write(scope["method"], route, status, seconds, request_id)

    def _add_headers(self, message: Message, scope: Scope, request_id: str) -> None:
        """Add what every answer carries. What a route set itself stays."""
        headers = message["headers"]
        given = dict(headers)
        is_page = given.get(b"content-type", b"").startswith(b"text/html")
        if not is_page and b"content-security-policy" not in given:
            headers.append(ANSWERS_LOAD_NOTHING)
        if message["status"] == 200 and scope["method"] == "GET":
            batch, version, rung, arm = (given.get(name, b"") for name in PROVENANCE_HEADERS)
            user_id = scope["state"].get("user_id")
            request_id = self._request_ids.sign(request_id, user_id, (batch, version, rung, arm))
        headers.append((b"x-request-id", request_id.encode()))
        headers += SAFE_HEADERS

    def _find_refusal(self, scope: Scope, headers: Mapping[bytes, bytes], request_id: str) -> JSONResponse | None:
        """Make the answer of a request that goes no further; `None` if it may."""
        if _is_too_long(headers):
            message = f"Send at most {MAX_BODY_BYTES} bytes, with a Content-Length."
            refusal = _refuse(413, "too_large", message, request_id)
            refusal.headers["Connection"] = "close"  # the rest of the body is not waited for
            return refusal
        if scope["path"] in ALWAYS_SERVED:
            return None
        if self._hosts is not None and not self._hosts.have(headers.get(b"host", b"")):
            return _refuse(421, "misdirected", "This server goes by other names; see ALLOWED_HOSTS.", request_id)
        if self._limiter is None:
            return None
        client = scope.get("client")
        wait = self._limiter.find_wait(name_client(client[0]) if client else "")
        if not wait:
            return None
        refusal = _refuse(429, "too_often", "Too many requests from this address; slow down.", request_id)
        refusal.headers["Retry-After"] = str(ceil(wait))
        return refusal


def _is_too_long(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a body is over the limit, or hides its length."""
    length = headers.get(b"content-length")
    if length is None:
        return b"transfer-encoding" in headers
    return not length.isdigit() or int(length) > MAX_BODY_BYTES


def _refuse(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    error = {"code": code, "message": message, "details": [], "request_id": request_id}
    return JSONResponse({"error": error}, status)
