"""Requests whose caller says how long it waits."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving.online.deadline import HEADER, DeadlineMiddleware, read_timeout


def test_a_request_past_its_deadline_is_cancelled_and_answered() -> None:
    told: list[str] = []

    async def wait(_: Request) -> PlainTextResponse:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise
        return PlainTextResponse("done")

    with TestClient(DeadlineMiddleware(Starlette(routes=[Route("/", wait)]))) as client:
        late = client.get("/", headers={HEADER: "20"})
        in_time = [client.get("/", headers=headers).text for headers in ({HEADER: "20000"}, {})]

    assert (late.status_code, late.json()) == (504, {"error": "not answered within 20 ms"})
    assert told == ["cancelled"]
    assert in_time == ["done", "done"]


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "60001", "9" * 5000, "\u0663"])
def test_what_is_no_number_of_milliseconds_sets_no_deadline(text: str) -> None:
    assert read_timeout(Headers({HEADER: text} if text.isascii() else {})) is None


def test_a_deadline_is_a_number_of_milliseconds() -> None:
    assert read_timeout(Headers({HEADER: "150"})) == 150
