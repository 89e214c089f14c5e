"""Benchmark of the API under overload: `python -m benchmarks.overload [--database mysql] [--seconds 5]`.

Finds what one worker answers a second to 64 connections, then lets ten times as many ask, and whoever is turned away
ask again after a moment, sooner than `Retry-After` says. A page that was taken should be there within 500 ms, a refusal
within 10 ms, and 5 s after the flood pages should be as quick as before.
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop

from benchmarks.api import AGAIN_USERS, API, Worker, serve
from benchmarks.parts.client import Connection, get
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.lists import fill_shop
from benchmarks.publish import open_databases
from command import Command, Result
from tests.support.database_servers import KINDS

NUM_USERS, NUM_PRODUCTS, NUM_ORDERS = 20_000, 5_000, 40_000
CONNECTIONS, TIMES = 64, 10
PAUSE_SECONDS = 0.05
CALM_SECONDS = 5.0
SLOWEST_PAGE_MS, SLOWEST_REFUSAL_MS = 500.0, 10.0


@dataclass
class Flood:
    """Times of pages that were answered, of refusals, in seconds, and how many pages came from the local copy."""

    pages: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    num_local: int = 0
    wall: float = 0.0

    @property
    def rate(self) -> float:
        """Pages a second."""
        return len(self.pages) / self.wall

    @property
    def asked(self) -> float:
        """Requests a second."""
        return (len(self.pages) + len(self.refusals)) / self.wall


async def flood(port: int, questions: Sequence[bytes], connections: int, seconds: float) -> Flood:
    """Ask on so many connections at once, each as fast as answers come; who is turned away pauses for a moment."""
    found, turn, began = Flood(), itertools.cycle(questions), time.perf_counter()

    async def ask_on() -> None:
        connection = await Connection.open(port)
        while (started := time.perf_counter()) < began + seconds:
            answer = await connection.ask(next(turn))
            (found.pages if answer.is_ok else found.refusals).append(time.perf_counter() - started)
            found.num_local += answer.is_local
            if not answer.is_ok:
                await asyncio.sleep(PAUSE_SECONDS)
        connection.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    found.wall = time.perf_counter() - began
    return found


def measure(worker: Worker, seconds: float) -> list[Figure]:
    """Ask as usual, flood, and look how it is afterwards."""
    questions = [get(f"/recommendations/home?user_id={user}") for user in range(1, NUM_USERS + 1)]
    uvloop.run(flood(worker.port, questions[-AGAIN_USERS:], CONNECTIONS, 2.0))
    usual = uvloop.run(flood(worker.port, questions, CONNECTIONS, seconds))
    crowd = uvloop.run(flood(worker.port, questions, TIMES * CONNECTIONS, seconds))
    time.sleep(CALM_SECONDS)
    after = uvloop.run(flood(worker.port, questions, CONNECTIONS, seconds))
    columns = ("asked/s", "pages/s", "p50 ms", "p99 ms", "refused", "p50 ms", "p99 ms", "local")
    print(" " * 12 + "".join(f"{column:>9}" for column in columns))
    for name, each in (("usual", usual), (f"{TIMES} times", crowd), ("afterwards", after)):
        times = f"{percentile_ms(each.pages, 0.5):>9.1f}{percentile_ms(each.pages, 0.99):>9.1f}"
        refused = f"{percentile_ms(each.refusals, 0.5):>9.1f}{percentile_ms(each.refusals, 0.99):>9.1f}"
        print(
            f"{name:<12}{each.asked:>9,.0f}{each.rate:>9,.0f}{times}{len(each.refusals):>9,}{refused}{each.num_local:>9}"
        )
    return [
        Figure("pages under overload, of the usual rate", crowd.rate / usual.rate, "higher"),
        Figure("p99 of a page under overload", percentile_ms(crowd.pages, 0.99), "lower", "ms", SLOWEST_PAGE_MS),
        Figure("p99 of a refusal", percentile_ms(crowd.refusals, 0.99), "lower", "ms", SLOWEST_REFUSAL_MS),
        Figure(f"pages {CALM_SECONDS:g} s afterwards, of the usual rate", after.rate / usual.rate, "higher"),
    ]


def percentile_ms(seconds: Sequence[float], share: float) -> float:
    """Return the time that so many took at most, in milliseconds; 0 where there are none."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.overload", __doc__, has_json=True)
    command.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    command.add_argument("--database", choices=["sqlite", *KINDS], default="mysql")
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with open_databases(chosen.database) as (url, platform_url), tempfile.TemporaryDirectory() as folder:
        fill_shop(url, NUM_USERS, NUM_PRODUCTS, NUM_ORDERS)
        settings = {"VAR_DIR": folder, "SHOP_DATABASE_URL": url, "PLATFORM_DATABASE_URL": platform_url}
        with serve(API, settings | {"SERVING_URL": "http://127.0.0.1:9"}) as worker:
            return report(measure(worker, chosen.seconds))


if __name__ == "__main__":
    sys.exit(main())
