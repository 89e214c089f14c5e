"""A lean HTTP client that keeps connections open and measures each answer."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Answer(NamedTuple):
    """What came back: whether it was 200, and whether it was made of the API's local copy."""

    is_ok: bool
    is_local: bool


@dataclass
class Measured:
    """Times of answers, in seconds, how many were not 200, and how many came from the API's local copy.

    Those of the local copy are what an API says when it cannot read: quick, and no answer in `rate`.
    """

    seconds: list[float] = field(default_factory=list)
    failures: int = 0
    local: int = 0
    wall: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second, without those of the local copy."""
        return (len(self.seconds) - self.local) / self.wall

    @property
    def cpu_us(self) -> float:
        """Processor time of the server for each such answer, in microseconds."""
        return self.cpu_seconds / max(1, len(self.seconds) - self.local) * 1e6

    def note(self, answer: Answer, seconds: float) -> None:
        """Count an answer."""
        self.seconds.append(seconds)
        self.failures += not answer.is_ok
        self.local += answer.is_local

    def percentile_ms(self, share: float) -> float:
        """Return the time that so many of the answers took at most, in milliseconds; 0 where there are none."""
        ordered = sorted(self.seconds) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class Connection(asyncio.Protocol):
    """An open connection that has one question at a time, without the layers that would cost more than the answer."""

    def __init__(self) -> None:
        """Wait for `connect`."""
        self._buffer = b""
        self._missing = -1
        self._is_local = False
        self.is_over = False

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a port of this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport

    def ask(self, question: bytes) -> "asyncio.Future[Answer]":
        """Send a question, as `get` or `post` writes it; the future has its answer once that is whole."""
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._transport.write(question)  # type: ignore[attr-defined]
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Take in a piece of an answer."""
        self._buffer += data
        if self._missing < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower() + b"\r\n"
            self._is_local = b"\r\nx-rung: local" in head
            self.is_over |= b"\r\nconnection: close" in head
            start = head.index(b"content-length: ") + 16
            self._missing = end + 4 + int(head[start : head.index(b"\r\n", start)])
        if len(self._buffer) >= self._missing:
            answer = Answer(self._buffer[9:12] == b"200", self._is_local)
            self._buffer, self._missing = b"", -1
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever still waits."""
        self.is_over = True
        if getattr(self, "_answer", None) and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"the server hung up: {exc}"))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


def get(path: str) -> bytes:
    """Write a question for a document."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def post(path: str, body: object) -> bytes:
    """Write a question with JSON."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


async def press(
    port: int,
    questions: Sequence[bytes],
    connections: int,
    seconds: float,
    *,
    refusals: Measured | None = None,
    pause_seconds: float = 0.0,
) -> Measured:
    """Ask as fast as answers come, each connection for itself (closed loop); opens anew what the server closed.

    Args:
        port: of the server, on this machine.
        questions: as `get` and `post` write them, asked in turn.
        connections: that ask at the same time.
        seconds: for how long.
        refusals: takes what is not 200, apart from the other answers; not given, it is one of them.
        pause_seconds: that a connection waits after one of these.
    """
    measured, began = Measured(), time.perf_counter()
    turn = itertools.cycle(questions)

    async def ask_on() -> None:
        connection = await Connection.open(port)
        while (started := time.perf_counter()) < began + seconds:
            if connection.is_over:
                connection = await Connection.open(port)
            answer = await connection.ask(next(turn))
            took = time.perf_counter() - started
            if answer.is_ok or refusals is None:
                measured.note(answer, took)
            else:
                refusals.note(answer, took)
                await asyncio.sleep(pause_seconds)
        connection.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    measured.wall = time.perf_counter() - began
    return measured


async def pace(port: int, questions: Sequence[bytes], rate: float, seconds: float, connections: int = 64) -> Measured:
    """Ask at a steady rate, whether answers come or not (open loop): waiting for a free connection counts."""
    measured, began = Measured(), time.perf_counter()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await Connection.open(port))

    async def ask_at(due: float, question: bytes) -> None:
        connection = await free.get()
        measured.note(await connection.ask(question), time.perf_counter() - due)
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            tasks.create_task(ask_at(due, questions[number % len(questions)]))
            if early <= 0:
                await asyncio.sleep(0)
    measured.wall = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return measured
