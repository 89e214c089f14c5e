"""Deadline of a request: what its caller no longer waits for is not computed.

The caller says how long it waits, in milliseconds, in the header `x-timeout-ms`. When that is over, the request is
cancelled, in the queue or wherever it is, and answered 504.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-timeout-ms"
MOST_MILLISECONDS = 60_000


class DeadlineMiddleware:
    """Cancels requests that are past their deadline."""

    def __init__(self, app: ASGIApp):
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request for as long as its caller waits."""
        milliseconds = read_timeout(Headers(scope=scope)) if scope["type"] == "http" else None
        if milliseconds is None:
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_answer(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            async with asyncio.timeout(milliseconds / 1000):
                await self._app(scope, receive, send_answer)
        except TimeoutError:
            if has_begun:
                raise
            gone = JSONResponse({"error": f"not answered within {milliseconds} ms"}, status_code=504)
            await gone(scope, receive, send)


def read_timeout(headers: Headers) -> int | None:
    """Return how many milliseconds a caller waits; `None` if it does not say, or says no such number."""
    text = headers.get(HEADER, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_MILLISECONDS))
    return int(text) if is_number and 0 < int(text) <= MOST_MILLISECONDS else None
