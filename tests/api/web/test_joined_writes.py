"""Heads of answers leave with what follows them, each answer whole and in order, on a real port."""

from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from api.web.joined_writes import JoinedWrites
from tests.api.conftest import serve
from tests.api.web.test_protocol import connect, read_all


class Wire:
    """Notes what is written to a connection."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.packets.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def make_app() -> FastAPI:
    app = FastAPI()

    @app.api_route("/page", methods=["GET", "HEAD"])
    async def give_page() -> Response:
        return Response(b"page")

    @app.get("/nothing")
    async def give_nothing() -> Response:
        return Response(status_code=204)

    @app.get("/pieces")
    async def give_pieces() -> Response:
        async def write() -> AsyncIterator[bytes]:
            yield b""
            yield b"one"
            yield b"two"

        return StreamingResponse(write())

    @app.get("/broken")
    async def break_off() -> Response:
        async def write() -> AsyncIterator[bytes]:
            for piece in list[bytes]():
                yield piece
            raise OSError

        return StreamingResponse(write())

    @app.post("/page")
    async def take(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture
def address() -> Iterator[str]:
    with serve(make_app()) as running:
        yield running


@pytest.fixture
def wire() -> Any:
    return Wire()


def test_a_head_leaves_with_the_first_piece_and_the_others_by_themselves(wire: Any) -> None:
    answer = JoinedWrites(wire, has_body=True)

    answer.write(b"head ")
    assert wire.packets == []
    answer.write(b"first")
    answer.write(b"second")

    assert wire.packets == [b"head first", b"second"]


def test_the_word_that_a_body_may_be_sent_goes_at_once(wire: Any) -> None:
    answer = JoinedWrites(wire, has_body=True)

    answer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert wire.packets == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    answer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    assert len(wire.packets) == 1


def test_a_head_without_a_body_leaves_before_the_connection_ends(wire: Any) -> None:
    answer = JoinedWrites(wire, has_body=True)

    answer.write(b"head")
    answer.close()

    assert b"".join(wire.packets) == b"head"
    assert answer.is_closing()


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/page", 200, b"page"),
        ("HEAD", "/page", 200, b""),
        ("GET", "/nothing", 204, b""),
        ("GET", "/pieces", 200, b"onetwo"),
        ("GET", "/absent", 404, b'{"detail":"Not Found"}'),
    ],
    ids=["whole", "head", "without content", "in pieces", "an error"],
)
def test_answers_of_each_kind_come_whole_one_after_another(
    address: str, method: str, path: str, status: int, body: bytes
) -> None:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)

    for _ in range(3):
        connection.request(method, path)
        answer = connection.getresponse()

        assert (answer.status, answer.read()) == (status, body)
    connection.close()


def test_a_client_that_waits_before_it_sends_its_body_is_told_to_go_on(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")

        assert b"200 OK" in connection.recv(1000)


def test_an_answer_that_breaks_off_after_its_head_ends_the_connection(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")

        assert read_all(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_answers_to_requests_that_came_together_keep_their_order(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(
            b"GET /page HTTP/1.1\r\nHost: x\r\n\r\nGET /pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        received = read_all(connection)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"page") < received.index(b"one") < received.index(b"two")
