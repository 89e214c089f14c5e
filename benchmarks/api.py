"""Benchmark of the homepage: `python -m benchmarks.api [--seconds 5] [--database sqlite|mariadb|mysql|both]`.

Starts one worker of the API over a shop in which every user has a published list and a quarter holds coupons, and one
of a bare FastAPI route that returns the same bytes, with the same server settings, and asks both in turn at 1, 16 and
64 connections; then at a steady rate, 1,000 a second or 70% of the API's capacity where that is less, the bare route
too: what it needs then is the machine's own unrest. "first" asks for each user once after the shop has changed, "again"
asks for users whom nothing has changed for (on MySQL nothing tells, so both are read anew), "written" asks for the same
users while somebody changes a price ten times a second. What was asked before has filled the API's memory of products.
An answer from the API's local copy is no answer: it is counted apart. Then the lists move to a database of their own on
the same server (or a second file), and all of it is asked again; and once more with ids of text for users, products and
departments ("text").

"CPU us" is the processor time of the one worker for each answer. Where other work shares the machine, rates say how
much of it was left; the processor time says what an answer costs.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

from sqlalchemy import text

from benchmarks.parts.client import Measured
from benchmarks.parts.databases import open_databases
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.lists import fill_shop
from benchmarks.parts.served_api import API, BARE, Worker, serve
from command import Command, Result
from shop.database import open_engine
from shop.mapping.id_map import write_ids
from shop.split import split_database
from tests.support.database_servers import KINDS

NUM_USERS = 60_000
NUM_PRODUCTS = 5_000
NUM_CATEGORIES = 16
CONNECTIONS = (1, 16, 64)
AGAIN_USERS = 500
WAYS = ("first", "again")
WRITES_PER_SECOND = 10
AIM = 0.5
STEADY_RATE, MOST_OF_CAPACITY = 1000.0, 0.7
LONGEST_MS = {0.9: 7.0, 0.99: 15.0}
"""Aims at the steady rate, by share of the answers."""


def measure(
    database: str, url: str, platform_url: str, seconds: float, spell: Callable[[int], str] = str
) -> tuple[dict[str, float], dict[tuple[str, float], float]]:
    """Ask both applications and print their rows.

    Args:
        database: what the rows begin with.
        url: of the shop.
        platform_url: of the lists.
        seconds: of each measurement.
        spell: writes a user's id as the shop does.

    Returns:
        Answers a second of the API over those of the application that does nothing, by way and connections; and
        what the API takes at a steady rate, in milliseconds, by way and share of the answers.
    """
    paths = [f"/recommendations/home?user_id={spell(user)}" for user in range(1, NUM_USERS + 1)]
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VAR_DIR": folder, "SHOP_DATABASE_URL": url, "PLATFORM_DATABASE_URL": platform_url}
        settings |= {"SERVING_URL": "http://127.0.0.1:9"}
        with serve(API, settings) as api:
            body = urlopen(f"http://127.0.0.1:{api.port}{paths[0]}", timeout=10).read()
            (Path(folder) / "body.json").write_bytes(body)
            with serve(BARE, settings) as bare:
                shares: dict[str, float] = {}
                capacities = [_compare(database, url, api, bare, paths, each, seconds, shares) for each in CONNECTIONS]
                steady: dict[tuple[str, float], float] = {}
                for way, users, capacity in zip(WAYS, (paths, paths[:AGAIN_USERS]), capacities[-1], strict=True):
                    rate = min(STEADY_RATE, MOST_OF_CAPACITY * capacity)
                    calm = _keep_asking(database, url, api, bare, way, users, rate, seconds)
                    steady |= {(way, share): calm.percentile_ms(share) for share in LONGEST_MS}
    return shares, steady


def _compare(
    database: str,
    url: str,
    api: Worker,
    bare: Worker,
    paths: list[str],
    connections: int,
    seconds: float,
    shares: dict[str, float],
) -> tuple[float, float]:
    """Press both at so many connections, and note the shares of what the bare one answers.

    Returns:
        Answers a second of the API, for pages read anew and for unchanged ones.
    """
    usual = bare.press(paths, connections, seconds)
    _show(database, "bare", connections, usual, usual)
    api.press(paths[-AGAIN_USERS:], connections, 1.0)  # products are in memory, as they are in a server that runs
    _touch(url)
    offset = NUM_USERS // len(CONNECTIONS) * CONNECTIONS.index(connections)
    first = api.press(paths[offset:] + paths[:offset], connections, seconds)
    _show(database, "first", connections, first, usual)
    api.press(paths[:AGAIN_USERS], 1, 1.0)
    again = api.press(paths[:AGAIN_USERS], connections, seconds)
    _show(database, "again", connections, again, usual)
    with keep_writing(url):
        written = api.press(paths[:AGAIN_USERS], connections, seconds)
    _show(database, "written", connections, written, usual)
    shares |= {f"first, {connections}": first.rate / usual.rate, f"again, {connections}": again.rate / usual.rate}
    return first.rate, again.rate


def _keep_asking(
    database: str, url: str, api: Worker, bare: Worker, way: str, users: list[str], rate: float, seconds: float
) -> Measured:
    """Ask both at a steady rate, and return what the API took."""
    if way == "first":
        _touch(url)
    else:
        api.press(users, 1, 1.0)
    calm = api.pace(users, rate, seconds)
    usual = bare.pace(users, rate, seconds)
    _show(database, f"{way}, steady", CONNECTIONS[-1], calm, usual)
    _show(database, "bare, steady", CONNECTIONS[-1], usual, usual)
    return calm


def _touch(url: str) -> None:
    """Change something, so that no page of before counts as unchanged."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE products SET stock = stock + 1 WHERE product_id = 1"))
    engine.dispose()


def _split(url: str, platform_url: str) -> None:
    """Move the lists into a database of their own, as `python -m shop.split` does."""
    shop, platform = open_engine(url), open_engine(platform_url)
    split_database(shop, platform, lambda _: None)
    shop.dispose()
    platform.dispose()


def spell_text(number: int) -> str:
    """Write an id of text."""
    return f"id-{number:012x}"


def _name_by_text(platform_url: str) -> None:
    """Give users, products and departments ids of text."""
    engine = open_engine(platform_url)
    with engine.begin() as connection:
        for kind, last in (("users", NUM_USERS), ("products", NUM_PRODUCTS), ("categories", NUM_CATEGORIES)):
            write_ids(connection, kind, {number: spell_text(number) for number in range(1, last + 1)})
    engine.dispose()


@contextmanager
def keep_writing(url: str) -> Iterator[None]:
    """Let somebody change prices while the block runs."""
    is_over = Event()

    def write() -> None:
        engine, product_id = open_engine(url), 0
        while not is_over.wait(1 / WRITES_PER_SECOND):
            product_id = product_id % NUM_PRODUCTS + 1
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE products SET price = price + 1 WHERE product_id = :id"), {"id": product_id}
                )
        engine.dispose()

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()


def _show(database: str, way: str, connections: int, measured: Measured, bare: Measured) -> None:
    times = "".join(f"{measured.percentile_ms(share):>9.2f}" for share in (0.5, *LONGEST_MS))
    shares = f"{measured.rate / bare.rate:>9.0%}{measured.cpu_us:>9.0f}{bare.cpu_us / measured.cpu_us:>9.0%}"
    print(
        f"{database:<14}{way:<16}{connections:>6}{measured.rate:>9,.0f}{times}{shares}{measured.failures:>9}{measured.local:>9}",
        flush=True,
    )


def _show_ratios(database: str, what: str, these: dict[str, float], those: dict[str, float]) -> None:
    ratios = "; ".join(f"{way}: {these[way] / those[way]:.2f}" for way in those)
    print(f"{database}: answers a second {what}: {ratios}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.api", __doc__, has_json=True)
    command.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    command.add_argument("--database", choices=["sqlite", *KINDS, "both"], default="both")
    return command.run(_measure_all, arguments)


def _measure_all(chosen: argparse.Namespace) -> Result:
    columns = ("conns", "req/s", "p50 ms", "p90 ms", "p99 ms", "of bare", "CPU us", "of bare", "not 200", "local")
    print(f"{'database':<14}{'way':<16}{columns[0]:>6}" + "".join(f"{column:>9}" for column in columns[1:]))
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    figures: list[Figure] = []
    for database in ("sqlite", "mariadb") if chosen.database == "both" else (chosen.database,):
        with open_databases(database) as (url, platform_url):
            fill_shop(url, NUM_USERS, NUM_PRODUCTS, 100_000)
            one, steady = measure(database, url, url, chosen.seconds)
            _split(url, platform_url)
            two, _ = measure(f"{database}, 2", url, platform_url, chosen.seconds)
            _name_by_text(platform_url)
            text_ids, _ = measure(f"{database}, text", url, platform_url, chosen.seconds, spell_text)
        _show_ratios(database, "with two databases over those with one", two, one)
        figures += [
            Figure(f"{database}: {way} connections, of bare", each, "higher", aim=AIM) for way, each in one.items()
        ]
        figures += [
            Figure(f"{database}: {way}, p{100 * share:.0f} at a steady rate", each, "lower", "ms", LONGEST_MS[share])
            for (way, share), each in steady.items()
        ]
        _show_ratios(database, "with ids of text over those with whole numbers", text_ids, two)
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
