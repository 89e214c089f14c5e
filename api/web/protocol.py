"""HTTP protocol with bounds: how long a request's head may be, how long it may take to arrive, how many are at work.

Uvicorn's protocol on httptools takes a head of any length, waits for the rest of a request for ever, and lets a request
that never ends block the shutdown. A connection that waits between two requests is uvicorn's to close. Uvicorn writes
the head of an answer by itself; here it goes with what follows, in one packet (`api/web/joined_writes.py`).
"""

import asyncio
import functools
import time
from collections import deque
from typing import Any

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.web.errors import RETRY_AFTER_SECONDS
from api.web.joined_writes import JoinedWrites
from api.web.load_shedding import LoadShedder
from api.web.middleware import ALWAYS_SERVED
from api.web.turns import Turns

MAX_HEAD_BYTES = 32 * 1024
RECEIVE_SECONDS = 10.0
LAST_SECONDS = 0.5
"""How long the server, once it stops, still listens to a connection on which no request is at work: one may be on its
way. Its answer tells the client that the connection ends."""

SHEDDER = "shedder"
"""Name of the application's `LoadShedder` in the state that its lifespan gives; without one, all requests are taken."""

_REFUSALS = {
    408: (b"Request Timeout", "timeout", f"Send a whole request within {RECEIVE_SECONDS:g} s."),
    431: (b"Request Header Fields Too Large", "too_large", f"Send at most {MAX_HEAD_BYTES} bytes of headers."),
    503: (b"Service Unavailable", "unavailable", "Too many ask at the moment; ask again soon."),
}


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection whose requests are short and come in time, or end it."""

    def __init__(self, *arguments: Any, **options: Any):
        """Take what uvicorn gives."""
        super().__init__(*arguments, **options)
        self._is_in_head = True
        self._head_bytes = 0
        self._receive_timer: asyncio.TimerHandle | None = None
        self._is_stopping = False
        self._shedder: LoadShedder | None = self.app_state.get(SHEDDER)
        if self._shedder is not None:
            self.app = _begin_in_turn(self.app, self._shedder.turns)
        self._began: deque[float] = deque()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request from now on."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._stop_expecting()
        while self._began:
            self._note_end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in a piece of a request; a head that grows beyond the limit ends the connection."""
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Begin a request, whose first piece has come."""
        super().on_message_begin()
        self._is_in_head = True
        self._expect()

    def on_headers_complete(self) -> None:
        """Begin to work on a request, unless its head came in one piece that is too long."""
        size = len(self.url)
        if self._head_bytes > MAX_HEAD_BYTES:  # head and body came together: only now can they be told apart
            size += sum(len(name) + len(value) for name, value in self.headers)
        self._is_in_head, self._head_bytes = False, 0
        if size > MAX_HEAD_BYTES:
            self._refuse(431)
            return
        if self._shedder is not None:
            if self._is_too_much(self._shedder):
                self._turn_away(self._shedder)
                return
            self._shedder.begin()
            self._began.append(time.monotonic())
        super().on_headers_complete()
        if self.cycle is not None:
            has_body = self.parser.get_method() != b"HEAD"
            self.cycle.transport = JoinedWrites(self.transport, has_body=has_body)  # type: ignore[assignment]
            if self._is_stopping:
                self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Count an answer that was given."""
        if self._began:
            self._note_end()
        super().on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a body, unless its head was refused."""
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Have a whole request."""
        self._stop_expecting()
        self._is_in_head, self._head_bytes = True, 0
        if self.cycle is not None:
            super().on_message_complete()

    def shutdown(self) -> None:
        """End with the server: after the answer to a request that has come, or comes whole within `LAST_SECONDS`."""
        self._is_stopping = True
        if self._is_at_work():
            self.cycle.keep_alive = False
        if self._receive_timer is not None or not self._is_at_work():
            self.loop.call_later(LAST_SECONDS, self._end)

    def _is_at_work(self) -> bool:
        """Return whether a request has begun to be answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _end(self) -> None:
        """Hang up, unless a whole request is at work, whose answer ends the connection."""
        if self._receive_timer is not None or not self._is_at_work():
            self.transport.close()

    def _note_end(self) -> None:
        if self._shedder is not None:
            self._shedder.end(time.monotonic() - self._began.popleft())

    def _is_too_much(self, shedder: LoadShedder) -> bool:
        """Return whether a read is to be turned away: one that others on its connection do not wait before."""
        if self.parser.get_method() != b"GET" or self._is_at_work() or not shedder.is_full:
            return False
        return self.url.partition(b"?")[0].decode("latin-1") not in ALWAYS_SERVED

    def _turn_away(self, shedder: LoadShedder) -> None:
        """Answer a read that no application has seen; the connection stays unless its client or the server ends it."""
        shedder.note_refusal()
        self.cycle = None  # type: ignore[assignment]
        is_last = self._is_stopping or not self.parser.should_keep_alive()
        self.transport.write(_write_refusal(503, b"retry-after: %d\r\n" % RETRY_AFTER_SECONDS, is_last))
        if is_last:
            self.transport.close()
        else:
            super().on_response_complete()

    def _expect(self) -> None:
        """Start the clock of a request, if it does not run."""
        if self._receive_timer is None and not self.transport.is_closing():
            self._receive_timer = self.loop.call_later(RECEIVE_SECONDS, self._give_up)

    def _stop_expecting(self) -> None:
        if self._receive_timer is not None:
            self._receive_timer.cancel()
            self._receive_timer = None

    def _give_up(self) -> None:
        """Hang up on a request that did not come in time; an app that waits for its body sees that the client left."""
        self._receive_timer = None
        if self._is_in_head and self._head_bytes:
            self._refuse(408)
        else:
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        """Answer a request that no application has seen, and hang up."""
        if self.transport.is_closing():
            return
        self.transport.write(_write_refusal(status, b"", is_last=True))
        self.transport.close()


def _begin_in_turn(app: ASGI3Application, turns: Turns) -> ASGI3Application:
    """Let an application begin with a request when it is the request's turn."""

    async def begin(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await turns.wait()
        await app(scope, receive, send)

    return begin


@functools.cache
def _write_refusal(status: int, headers: bytes, is_last: bool) -> bytes:
    """Write an answer in the shape of all errors; it has no request id, since none was read."""
    phrase, code, message = _REFUSALS[status]
    body = f'{{"error":{{"code":"{code}","message":"{message}","details":[],"request_id":""}}}}'.encode()
    head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % (status, phrase, len(body))
    return head + headers + (b"connection: close\r\n\r\n" if is_last else b"\r\n") + body
