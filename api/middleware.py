"""What every request gets: an id, a size limit, safe headers, a measurement. Plain ASGI, since it is on every path."""

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

MAX_BODY_BYTES = 256 * 1024
REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")


class RequestEnvelope:
    """Wraps a request: takes or makes `X-Request-Id`, refuses long bodies, adds headers, measures."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        """Wrap an application.

        Args:
            app: the application.
            metrics: where the time of each request goes.
        """
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.match(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-Id"] = request_id
                answer["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            if _is_too_long(headers):
                await _refuse(request_id)(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.seconds.labels(route, str(status)).observe(time.perf_counter() - started)


def _is_too_long(headers: Headers) -> bool:
    """Tell whether a body is over the limit, or hides its length."""
    length = headers.get("content-length")
    if length is None:
        return "transfer-encoding" in headers
    return not length.isdigit() or int(length) > MAX_BODY_BYTES


def _refuse(request_id: str) -> JSONResponse:
    message = f"Send at most {MAX_BODY_BYTES} bytes, with a Content-Length."
    error = {"code": "too_large", "message": message, "details": [], "request_id": request_id}
    return JSONResponse({"error": error}, 413)
