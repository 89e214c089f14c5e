import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from api.clients import replicas
from api.clients.replicas import ReplicaTransport, make_transport
from tests.support.ports import free_ports

REPLICAS = ("127.0.0.2", "127.0.0.3")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f"{self.server.server_address[0]} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port on which both replicas answer with their addresses."""
    [port] = free_ports(1)
    servers = [ThreadingHTTPServer((host, port), Handler) for host in REPLICAS]
    for server in servers:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the name server has for any name."""
    monkeypatch.setattr(replicas, "LOOK_UP_SECONDS", 0.0)
    known = list(REPLICAS)

    def look_up(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, port)) for each in known]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


async def ask(client: httpx.AsyncClient, times: int) -> Counter[str]:
    answers: Counter[str] = Counter()
    for _ in range(times):
        answers[(await client.post("/", json={})).raise_for_status().text.split()[0]] += 1
        await asyncio.sleep(0)
    return answers


def test_requests_one_after_another_are_shared_among_the_replicas(port: int, addresses: list[str]) -> None:
    async def ask_all() -> tuple[Counter[str], str]:
        url = f"http://bentoml:{port}"
        async with httpx.AsyncClient(base_url=url, transport=make_transport(url)) as client:
            return await ask(client, 60), (await client.post("/", json={})).text

    answers, last = asyncio.run(ask_all())

    assert min(answers[host] for host in REPLICAS) >= 10
    assert last.endswith(f" bentoml:{port}"), "each is asked by the service's name"


def test_a_replica_that_is_gone_costs_no_request_and_one_that_came_is_found(port: int, addresses: list[str]) -> None:
    async def ask_while_they_change() -> list[Counter[str]]:
        async with httpx.AsyncClient(
            base_url=f"http://bentoml:{port}", transport=ReplicaTransport("bentoml")
        ) as client:
            addresses[:] = ["127.0.0.4", REPLICAS[0]]
            with_a_dead_one = await ask(client, 20)
            addresses[:] = [REPLICAS[1]]
            await ask(client, 2)
            await asyncio.sleep(0.1)
            after_one_came = await ask(client, 5)
            addresses.clear()
            await ask(client, 2)
            await asyncio.sleep(0.1)
            return [with_a_dead_one, after_one_came, await ask(client, 5)]

    assert asyncio.run(ask_while_they_change()) == [{REPLICAS[0]: 20}, {REPLICAS[1]: 5}, {REPLICAS[1]: 5}]


def test_a_name_that_nobody_knows_and_a_service_that_is_down_are_refused_connections(
    port: int, addresses: list[str]
) -> None:
    async def ask_once() -> None:
        async with httpx.AsyncClient(
            base_url=f"http://bentoml:{port}", transport=ReplicaTransport("bentoml")
        ) as client:
            await client.post("/", json={})

    addresses.clear()
    with pytest.raises(httpx.ConnectError, match="no address of 'bentoml' is known"):
        asyncio.run(ask_once())
    addresses.append("127.0.0.4")
    with pytest.raises(httpx.ConnectError):
        asyncio.run(ask_once())


def test_an_address_is_asked_directly() -> None:
    assert not isinstance(make_transport("http://127.0.0.1:8001"), ReplicaTransport)
    assert not isinstance(make_transport("http://[::1]:8001"), ReplicaTransport)
