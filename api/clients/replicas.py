"""HTTP transport that spreads requests over all addresses of a host name: the replicas of a service in containers."""

import asyncio
import random
import socket
import time
from ipaddress import ip_address

import httpx

LOOK_UP_SECONDS = 1.0
"""How old the addresses may grow while requests come."""


class ReplicaTransport(httpx.AsyncBaseTransport):
    """Sends each request to one of the addresses of its host, at random, and to another where nobody listens.

    By itself a client would keep to the first address: its pool takes a connection that is open to any other.
    Addresses are looked up again beside the requests. Of one host only: that of the client's `base_url`.
    """

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._addresses: list[str] = []
        self._look_up_at = 0.0
        self._looking_up: asyncio.Task[None] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.ConnectError: the name is unknown, or no address of it takes a connection.
            httpx.TransportError: as any transport.
        """
        await self._refresh(request.url)
        failure = httpx.ConnectError(f"no address of {request.url.host!r} is known")
        for address in random.sample(self._addresses, len(self._addresses)):
            request.url = request.url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError as err:
                failure = err
        raise failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _refresh(self, url: httpx.URL) -> None:
        """Begin to look the host up, if that was a while ago; wait for it while there is no address at all."""
        if time.monotonic() >= self._look_up_at:
            self._look_up_at = time.monotonic() + LOOK_UP_SECONDS
            self._looking_up = asyncio.create_task(self._look_up(url))
        if not self._addresses and self._looking_up is not None:
            await asyncio.shield(self._looking_up)

    async def _look_up(self, url: httpx.URL) -> None:
        """Look the host up; while that fails, the addresses of before stay."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
        except OSError:
            return
        self._addresses = sorted({str(address[0]) for *_, address in found})


def make_transport(url: str) -> httpx.AsyncBaseTransport:
    """Make the transport to a service: its name may have several addresses, an address is one."""
    try:
        ip_address(httpx.URL(url).host)
    except ValueError:
        return ReplicaTransport()
    return httpx.AsyncHTTPTransport()
