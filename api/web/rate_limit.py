"""Rate limiter: a token bucket for each client, in bounded memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

REMEMBERED_CLIENTS = 50_000
BURST_SECONDS = 10.0
"""A client that was quiet may ask for so many seconds' worth at once: a page with all its pictures."""


IPV6_PREFIX = 64
"""Bits of an IPv6 address that one client cannot choose: the rest is a network of its own."""


LONGEST_ADDRESS = 64
"""Characters of an address; a proxy may pass on what a client made up, and names of addresses are remembered."""


def name_client(address: str) -> str:
    """Name the client that an address belongs to, as the limiter counts it.

    Returns:
        An IPv4 address or an IPv6 network; empty for what is no address, so that made-up ones are one client.
    """
    return _parse_client(address) if len(address) <= LONGEST_ADDRESS else ""


@lru_cache(REMEMBERED_CLIENTS)
def _parse_client(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((int(parsed), IPV6_PREFIX), strict=False))
    return str(parsed)


class RateLimiter:
    """Counts the requests of each client. Used from one thread, the event loop's."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic):
        """Start with full buckets.

        Args:
            per_minute: requests that a client may make in the long run.
            clock: gives seconds that never go back.
        """
        self._per_second = per_minute / 60
        self._burst = max(1.0, self._per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def find_wait(self, client: str, cost: int = 1) -> float:
        """Take a token of a client.

        Args:
            client: whose.
            cost: 0 only asks whether there is one.

        Returns:
            0 when the request may pass, else the seconds after which the next one may.
        """
        now = self._clock()
        tokens, seen_at = self._buckets.get(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - seen_at) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - cost, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > REMEMBERED_CLIENTS:
            self._buckets.popitem(last=False)
        return wait
