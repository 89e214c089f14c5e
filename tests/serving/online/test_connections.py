"""Connections are given up now and then, and nobody loses an answer by it."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from serving.online.connections import ANSWERS_PER_CLOSE, SpreadConnectionsMiddleware


async def tell_port(request: Request) -> JSONResponse:
    """Answer with the port that the connection comes from."""
    assert request.client is not None
    return JSONResponse(request.client.port)


@pytest.fixture
def url() -> Iterator[str]:
    application = SpreadConnectionsMiddleware(Starlette(routes=[Route("/", tell_port)]))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def test_a_connection_ends_after_some_answers_and_the_next_one_goes_on(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        answers = [client.get("/") for _ in range(3 * ANSWERS_PER_CLOSE)]

    assert {answer.status_code for answer in answers} == {200}
    ports = [answer.json() for answer in answers]
    assert [ports.count(port) for port in dict.fromkeys(ports)] == [ANSWERS_PER_CLOSE] * 3
