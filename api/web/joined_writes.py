"""Writes of one answer: its head waits for the first piece of its body, and both leave as one packet.

Two writes cost two ways through the system, and the first wakes the client for a head that it can do nothing with.
"""

import asyncio

_CONTINUE = b"HTTP/1.1 100 "


class JoinedWrites:
    """What uvicorn's cycle of one request and its answer takes for the transport of the connection."""

    __slots__ = ("_head", "_is_head_next", "_transport")

    def __init__(self, transport: asyncio.Transport, *, has_body: bool):
        """Hold nothing yet.

        Args:
            transport: of the connection.
            has_body: whether a body is written too, if only an empty piece; it is not for HEAD.
        """
        self._transport = transport
        self._is_head_next = has_body
        self._head = b""

    def write(self, data: bytes) -> None:
        """Hold the head, and send it with what comes next; the word that a body may be sent goes at once."""
        if self._is_head_next and not data.startswith(_CONTINUE):
            self._is_head_next, self._head = False, data
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def close(self) -> None:
        """Hang up after what was written."""
        self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection ends."""
        return self._transport.is_closing()
