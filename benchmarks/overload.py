"""Benchmark of the API under overload: `python -m benchmarks.overload [--database mysql] [--seconds 5]`.

Finds what one worker answers a second to 64 connections, then lets ten times as many ask, and whoever is turned away
ask again after a moment, sooner than `Retry-After` says. A page that was taken should be there within 500 ms, a refusal
within 10 ms, and 5 s after the flood pages should be as quick as before.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence

import uvloop

from benchmarks.parts.client import Measured, get, press
from benchmarks.parts.databases import open_databases
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.lists import fill_shop
from benchmarks.parts.served_api import API, Worker, serve
from command import Command, Result
from tests.support.database_servers import KINDS

NUM_USERS, NUM_PRODUCTS, NUM_ORDERS = 20_000, 5_000, 40_000
CONNECTIONS, TIMES = 64, 10
WARM_UP_USERS = 500
PAUSE_SECONDS = 0.05
CALM_SECONDS = 5.0
SLOWEST_PAGE_MS, SLOWEST_REFUSAL_MS = 500.0, 10.0


def flood(worker: Worker, questions: Sequence[bytes], connections: int, seconds: float) -> tuple[Measured, Measured]:
    """Ask on so many connections; who is turned away pauses for a moment. Gives pages and refusals."""
    refusals = Measured()
    asking = press(worker.port, questions, connections, seconds, refusals=refusals, pause_seconds=PAUSE_SECONDS)
    return uvloop.run(asking), refusals


def measure(worker: Worker, seconds: float) -> list[Figure]:
    """Ask as usual, flood, and look how it is afterwards."""
    questions = [get(f"/recommendations/home?user_id={user}") for user in range(1, NUM_USERS + 1)]
    flood(worker, questions[-WARM_UP_USERS:], CONNECTIONS, 2.0)
    usual = flood(worker, questions, CONNECTIONS, seconds)
    crowd = flood(worker, questions, TIMES * CONNECTIONS, seconds)
    time.sleep(CALM_SECONDS)
    after = flood(worker, questions, CONNECTIONS, seconds)
    columns = ("asked/s", "pages/s", "p50 ms", "p99 ms", "refused", "p50 ms", "p99 ms", "local")
    print(" " * 12 + "".join(f"{column:>9}" for column in columns))
    for name, (pages, refusals) in (("usual", usual), (f"{TIMES} times", crowd), ("afterwards", after)):
        num_refused = len(refusals.seconds)
        asked = (len(pages.seconds) + num_refused) / pages.wall
        print(
            f"{name:<12}{asked:>9,.0f}{pages.rate:>9,.0f}{_lay_out_times(pages)}"
            f"{num_refused:>9,}{_lay_out_times(refusals)}{pages.local:>9}"
        )
    return [
        Figure("pages under overload, of the usual rate", crowd[0].rate / usual[0].rate, "higher"),
        Figure("p99 of a page under overload", crowd[0].percentile_ms(0.99), "lower", "ms", SLOWEST_PAGE_MS),
        Figure("p99 of a refusal", crowd[1].percentile_ms(0.99), "lower", "ms", SLOWEST_REFUSAL_MS),
        Figure(f"pages {CALM_SECONDS:g} s afterwards, of the usual rate", after[0].rate / usual[0].rate, "higher"),
    ]


def _lay_out_times(measured: Measured) -> str:
    return f"{measured.percentile_ms(0.5):>9.1f}{measured.percentile_ms(0.99):>9.1f}"


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
