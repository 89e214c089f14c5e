"""Middleware that believes X-Forwarded-For and X-Forwarded-Proto of the web servers before the API alone."""

import asyncio
import socket
import time
from ipaddress import ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

LOOK_UP_SECONDS = 2.0
"""How old the addresses of a name may grow while requests come."""

FIRST_LOOK_UP_SECONDS = 0.2
"""How long a request waits for the first addresses."""


class TrustedProxies:
    """Takes a request's client from the headers of a trusted proxy: an address, a network, or a host by its name.

    A container has another address at each start, so its name is looked up again beside the requests. Only those that
    come before the first addresses are known wait for them, for a moment. A name that cannot be looked up keeps the
    addresses that it had.
    """

    def __init__(self, app: ASGIApp, trusted: str):
        """Wrap an application.

        Args:
            app: the application.
            trusted: addresses, networks and host names, with commas.
        """
        given = [each.strip() for each in trusted.split(",") if each.strip()]
        self._app = app
        self._fixed = [each for each in given if is_network(each)]
        self._addresses: dict[str, frozenset[str]] = {each: frozenset() for each in given if not is_network(each)}
        self._look_up_at = 0.0
        self._looking_up: asyncio.Task[None] | None = None
        self._believing = self._believe(self._fixed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as its client."""
        if self._addresses and time.monotonic() >= self._look_up_at:
            self._look_up_at = time.monotonic() + LOOK_UP_SECONDS
            self._looking_up = asyncio.create_task(self._look_up())
        if self._looking_up and not any(self._addresses.values()):
            await asyncio.wait([self._looking_up], timeout=FIRST_LOOK_UP_SECONDS)
        await self._believing(scope, receive, send)  # type: ignore[arg-type]

    async def _look_up(self) -> None:
        found = {name: await _find_addresses(name) or known for name, known in self._addresses.items()}
        if found != self._addresses:
            self._addresses = found
            self._believing = self._believe([*self._fixed, *frozenset().union(*found.values())])

    def _believe(self, addresses: list[str]) -> ProxyHeadersMiddleware:
        return ProxyHeadersMiddleware(self._app, addresses)  # type: ignore[arg-type]  # it names ASGI's types itself


def is_network(text: str) -> bool:
    """Return whether a text is an address or a network."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


async def _find_addresses(name: str) -> frozenset[str]:
    """Look up a host; empty if that fails."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)
