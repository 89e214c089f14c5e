import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from api.web import trusted_proxies
from api.web.trusted_proxies import TrustedProxies

WEB_SERVER, SHOPPER = "192.0.2.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def each_request_looks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_proxies, "LOOK_UP_SECONDS", 0.0)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Hosts and their addresses, as the name server of the test has them."""
    known: dict[str, str] = {}

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (known[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def find_clients(trusted: str, changes: list[Callable[[], object]], peer: str = WEB_SERVER) -> list[str]:
    """Ask through a peer, before and after each change, and tell whom the application took for its client."""
    seen: list[str] = []

    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["client"][0])

    async def ask_and_change() -> None:
        app: Callable[..., Awaitable[None]] = TrustedProxies(note, trusted)
        for change in [*changes, nothing]:
            headers = [(b"x-forwarded-for", SHOPPER.encode())]
            await app({"type": "http", "client": (peer, 1), "headers": headers}, None, None)
            await asyncio.sleep(0.1)  # names are looked up beside the requests
            change()

    asyncio.run(ask_and_change())
    return seen


def nothing() -> None:
    pass


@pytest.mark.parametrize("trusted", [WEB_SERVER, "10.0.0.1, 192.0.2.0/24"], ids=["address", "network"])
def test_an_address_and_a_network_are_believed_at_once(trusted: str) -> None:
    assert find_clients(trusted, []) == [SHOPPER]


def test_a_name_is_believed_where_it_moves_to(names: dict[str, str]) -> None:
    names["storefront"] = "192.0.2.1"

    clients = find_clients("storefront", [nothing, lambda: names.update(storefront=WEB_SERVER), nothing, nothing])

    assert clients == [WEB_SERVER, WEB_SERVER, WEB_SERVER, SHOPPER, SHOPPER]


def test_a_name_that_cannot_be_looked_up_keeps_its_address(names: dict[str, str]) -> None:
    names["storefront"] = WEB_SERVER

    assert find_clients("storefront", [nothing, names.clear, nothing]) == [SHOPPER] * 4


def test_nobody_else_is_believed(names: dict[str, str]) -> None:
    names["storefront"] = "192.0.2.1"

    assert find_clients("storefront", [nothing, nothing]) == [WEB_SERVER] * 3
    assert find_clients("unknown.example", [nothing, nothing]) == [WEB_SERVER] * 3
