"""Requests that are too long, too slow, too many or never end, on a real port."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request

from api.web import protocol
from api.web.load_shedding import LoadShedder
from api.web.metrics import Metrics
from api.web.turns import Turns
from tests.api.conftest import serve
from tests.support.waiting import wait_for

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"a" * (protocol.MAX_HEAD_BYTES + 1)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An application that reads its requests' bodies, where they may take half a second."""
    monkeypatch.setattr(protocol, "RECEIVE_SECONDS", 0.5)
    with serve(make_app()) as running:
        yield running


def make_app(lifespan: Callable[..., Any] | None = None) -> FastAPI:
    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.get("/health")
    @app.get("/metrics")
    async def tell() -> str:
        return "fine"

    @app.get("/slow")
    async def wait() -> None:
        await asyncio.sleep(60)

    return app


@contextmanager
def connect(address: str) -> Iterator[socket.socket]:
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=30) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass  # hung up with some of what was sent unread
    return received


def send_on(connection: socket.socket, data: bytes, times: int) -> None:
    """Send on until the server hangs up."""
    try:
        for _ in range(times):
            connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + LONG + b"\r\n\r\n",
        b"GET /" + LONG + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nX: " + LONG + b"\r\n\r\nhello",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(5000)) + b"\r\n",
    ],
    ids=["header", "path", "header before a body", "many headers"],
)
def test_a_head_that_is_too_long_is_refused(address: str, head: bytes) -> None:
    with connect(address) as connection:
        connection.sendall(head)

        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_a_header_without_an_end_is_cut_off(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        send_on(connection, b"a" * 10_000, 100)

        read_all(connection)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=["nothing", "a line", "a head", "a body"],
)
@pytest.mark.parametrize("before", [b"", GET], ids=["at first", "after a request"])
def test_a_request_that_does_not_come_in_time_ends_its_connection(address: str, begun: bytes, before: bytes) -> None:
    with connect(address) as connection:
        connection.sendall(before + begun)

        answer = read_all(connection)

    assert answer.count(b"HTTP/1.1 200 ") == (1 if before else 0)


def test_a_request_in_pieces_and_several_on_one_connection_are_answered(address: str) -> None:
    with connect(address) as connection:
        for piece in (GET[:5], GET[5:20], GET[20:] + GET, b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n"):
            connection.sendall(piece)
            time.sleep(0.05)
        connection.sendall(b"b" * 70_000 + GET.replace(b"Host", b"Connection: close\r\nHost"))

        answer = read_all(connection)

    assert answer.count(b"HTTP/1.1 200 ") == 4
    assert b"70000" in answer


def test_a_request_that_never_ends_does_not_keep_the_server_from_stopping() -> None:
    with serve(make_app()) as address:
        unfinished = socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=30)
        unfinished.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        time.sleep(0.3)
        began = time.monotonic()

    assert time.monotonic() - began < protocol.RECEIVE_SECONDS / 2
    unfinished.close()


@pytest.fixture
def shedder() -> LoadShedder:
    """As many requests are at work as may be."""
    full = LoadShedder(Metrics())
    while not full.is_full:
        full.begin()
    return full


@pytest.fixture
def client(shedder: LoadShedder) -> Iterator[httpx.Client]:
    """Asks an application that shares this shedder with its protocol, on one connection."""

    @asynccontextmanager
    async def share(_app: FastAPI) -> AsyncIterator[dict[str, LoadShedder]]:
        yield {protocol.SHEDDER: shedder}

    with serve(make_app(share)) as address, httpx.Client(base_url=address) as asking:
        yield asking


def test_a_read_too_much_is_turned_away_at_once_and_told_when_to_ask_again(
    client: httpx.Client, shedder: LoadShedder
) -> None:
    answer = client.get("/")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"] == {
        "code": "unavailable",
        "message": "Too many ask at the moment; ask again soon.",
        "details": [],
        "request_id": "",
    }
    assert shedder.num_refused == 1


def test_a_request_begins_in_its_turn_and_a_refusal_waits_for_none(client: httpx.Client, shedder: LoadShedder) -> None:
    begun = []

    class WatchedTurns(Turns):
        async def wait(self) -> None:
            await super().wait()
            begun.append(1)

    shedder.turns = WatchedTurns()

    assert (client.get("/").status_code, len(begun)) == (503, 0)
    shedder.end(0.1)
    assert (client.get("/").status_code, len(begun)) == (200, 1)


def test_the_connection_of_a_read_that_was_turned_away_goes_on(client: httpx.Client, shedder: LoadShedder) -> None:
    connection = HTTPConnection(client.base_url.host, client.base_url.port, timeout=30)
    connection.connect()
    connection.auto_open = 0  # it would connect anew
    statuses = [ask(connection), ask(connection)]
    shedder.end(0.1)

    assert [*statuses, ask(connection)] == [503, 503, 200]
    connection.close()


def ask(connection: HTTPConnection) -> int:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_client_that_asks_for_it_is_hung_up_on(client: httpx.Client) -> None:
    answer = client.get("/", headers={"Connection": "close"})

    assert (answer.status_code, answer.headers["connection"]) == (503, "close")


@pytest.mark.parametrize(("method", "path"), [("GET", "/health?part=all"), ("GET", "/metrics"), ("POST", "/")])
def test_what_writes_and_who_watches_is_always_served(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 200


def test_each_answer_ends_and_makes_room(client: httpx.Client, shedder: LoadShedder) -> None:
    shedder.end(0.1)

    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 200]
    assert not shedder.is_full


def test_a_client_that_gave_up_makes_room(client: httpx.Client, shedder: LoadShedder) -> None:
    shedder.end(0.1)
    with connect(str(client.base_url)) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: shedder.is_full, 30, pause_seconds=0.01)

    wait_for(lambda: not shedder.is_full, 30)
