"""Middleware that believes X-Forwarded-For and X-Forwarded-Proto of the web servers before the API alone."""

from ipaddress import ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.web.host_addresses import HostAddresses

LOOK_UP_SECONDS = 2.0
"""How old the addresses of a name may grow while requests come."""

FIRST_LOOK_UP_SECONDS = 0.2
"""How long a request waits for the first addresses."""


class TrustedProxies:
    """Takes a request's client from the headers of a trusted proxy: an address, a network, or a host by its name.

    Only requests that come before the first addresses of a host are known wait for them, for a moment.
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
        self._hosts = [HostAddresses(each, LOOK_UP_SECONDS) for each in given if not is_network(each)]
        self._addresses: frozenset[str] = frozenset()
        self._believing = self._believe(self._fixed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as its client."""
        for host in self._hosts:
            await host.refresh(FIRST_LOOK_UP_SECONDS)
        addresses = frozenset[str]().union(*(host.known for host in self._hosts))
        if addresses != self._addresses:
            self._addresses = addresses
            self._believing = self._believe([*self._fixed, *addresses])
        await self._believing(scope, receive, send)  # type: ignore[arg-type]

    def _believe(self, addresses: list[str]) -> ProxyHeadersMiddleware:
        return ProxyHeadersMiddleware(self._app, addresses)  # type: ignore[arg-type]  # it names ASGI's types itself


def is_network(text: str) -> bool:
    """Return whether a text is an address or a network."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
