"""Connections that spread over the workers: each closes one now and then, and whoever is free takes its successor.

A worker that wakes up first accepts all connections that wait, and callers keep them open: the others would have
nothing to do for as long as these last.
"""

from itertools import count

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANSWERS_PER_CLOSE = 31
"""A prime, so that of connections that are answered in turn each is closed once in a while."""


class SpreadConnectionsMiddleware:
    """Announces the end of its connection with every `ANSWERS_PER_CLOSE`th answer."""

    def __init__(self, app: ASGIApp):
        """Wrap an application."""
        self._app = app
        self._answers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, the last one of its connection perhaps."""

        async def send_answer(message: Message) -> None:
            if message["type"] == "http.response.start" and next(self._answers) % ANSWERS_PER_CLOSE == 0:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_answer)
