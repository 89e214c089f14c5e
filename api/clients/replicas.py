"""HTTP transport that spreads requests over all addresses of a host name: the replicas of a service in containers."""

import random
from ipaddress import ip_address

import httpx

from api.web.host_addresses import HostAddresses

LOOK_UP_SECONDS = 1.0
"""How old the addresses may grow while requests come."""


class ReplicaTransport(httpx.AsyncBaseTransport):
    """Sends each request to one of the addresses of its host, at random, and to another where nobody listens.

    By itself a client would keep to the first address: its pool takes a connection that is open to any other.
    """

    def __init__(self, host: str):
        """Connect to nobody yet.

        Args:
            host: name of the service, the one of the client's `base_url`.
        """
        self._inner = httpx.AsyncHTTPTransport()
        self._host = HostAddresses(host, LOOK_UP_SECONDS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.ConnectError: the name is unknown, or no address of it takes a connection.
            httpx.TransportError: as any transport.
        """
        await self._host.refresh()
        addresses = sorted(self._host.known)
        failure = httpx.ConnectError(f"no address of {request.url.host!r} is known")
        for address in random.sample(addresses, len(addresses)):
            request.url = request.url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError as err:
                failure = err
        raise failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def make_transport(url: str) -> httpx.AsyncBaseTransport:
    """Make the transport to a service: its name may have several addresses, an address is one."""
    host = httpx.URL(url).host
    try:
        ip_address(host)
    except ValueError:
        return ReplicaTransport(host)
    return httpx.AsyncHTTPTransport()
