"""HTTP protocol with bounds: how long the head of a request may be, and how long a request may take to arrive.

Uvicorn's protocol on httptools takes a head of any length, waits for the rest of a request for ever, and lets a request
that never ends block the shutdown. A connection that waits between two requests is uvicorn's to close.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32 * 1024
RECEIVE_SECONDS = 10.0
LAST_SECONDS = 0.5
"""How long the server, once it stops, still listens to a connection on which no request is at work: one may be on its
way. Its answer tells the client that the connection ends."""

_REFUSALS = {
    408: (b"Request Timeout", "timeout", f"Send a whole request within {RECEIVE_SECONDS:g} s."),
    431: (b"Request Header Fields Too Large", "too_large", f"Send at most {MAX_HEAD_BYTES} bytes of headers."),
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request from now on."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._stop_expecting()
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
        super().on_headers_complete()
        if self._is_stopping and self.cycle is not None:
            self.cycle.keep_alive = False

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
        phrase, code, message = _REFUSALS[status]
        body = f'{{"error":{{"code":"{code}","message":"{message}","details":[],"request_id":""}}}}'.encode()
        head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, phrase, len(body)) + body)
        self.transport.close()
