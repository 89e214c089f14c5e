"""A lean HTTP client that keeps connections open and measures each answer."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Measured:
    """Times of answers, in seconds, and how many were not 200."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0
    wall: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall

    def percentile_ms(self, share: float) -> float:
        """Give the time that so many of the answers took at most, in milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


async def press(port: int, paths: list[str], connections: int, seconds: float) -> Measured:
    """Ask as fast as answers come, each connection for itself (closed loop)."""
    measured, began = Measured(), time.perf_counter()
    turn = iter(range(10**9))

    async def ask_on() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < began + seconds:
            started = time.perf_counter()
            await _ask(reader, writer, paths[next(turn) % len(paths)], measured)
            measured.seconds.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    measured.wall = time.perf_counter() - began
    return measured


async def pace(port: int, paths: list[str], rate: float, seconds: float, connections: int = 32) -> Measured:
    """Ask at a steady rate, whether answers come or not (open loop): waiting for a free connection counts."""
    measured, began = Measured(), time.perf_counter()
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def ask_at(due: float, path: str) -> None:
        connection = await free.get()
        await _ask(*connection, path, measured)
        measured.seconds.append(time.perf_counter() - due)
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(ask_at(due, paths[number % len(paths)]))
    measured.wall = time.perf_counter() - began
    while not free.empty():
        free.get_nowait()[1].close()
    return measured


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, measured: Measured) -> None:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    start = head.index(b"content-length: ") + 16
    await reader.readexactly(int(head[start : head.index(b"\r\n", start)]))
    measured.failures += head[9:12] != b"200"
