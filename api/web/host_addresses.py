"""Addresses of a host name, looked up again beside the requests: a container has another one at each start."""

import asyncio
import socket
import time


class HostAddresses:
    """What a name server says of one host, as old as is allowed.

    Attributes:
        known: the addresses; those of before while the host cannot be looked up.
    """

    known: frozenset[str]

    def __init__(self, name: str, fresh_seconds: float):
        """Look nothing up yet.

        Args:
            name: the host.
            fresh_seconds: how old the addresses may grow while requests come.
        """
        self.known = frozenset()
        self._name, self._fresh_seconds = name, fresh_seconds
        self._look_up_at = 0.0
        self._looking_up: asyncio.Task[None] | None = None

    async def refresh(self, longest_wait: float | None = None) -> None:
        """Begin to look the host up, if that was a while ago; waits for it only while there is no address at all.

        Args:
            longest_wait: seconds; as long as it takes if not given.
        """
        if time.monotonic() >= self._look_up_at:
            self._look_up_at = time.monotonic() + self._fresh_seconds
            self._looking_up = asyncio.create_task(self._look_up())
        if not self.known and self._looking_up is not None:
            await asyncio.wait([self._looking_up], timeout=longest_wait)

    async def _look_up(self) -> None:
        self.known = await find_addresses(self._name) or self.known


async def find_addresses(name: str) -> frozenset[str]:
    """Look up a host; empty if that fails."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(address[0]) for *_, address in found)
