"""How quick is the homepage? `python -m benchmarks.api [--seconds 5] [--database sqlite|mariadb|both]`.

Starts one worker of the API over a shop in which every user has a published list, and one of a bare FastAPI route that
returns the same bytes, with the same server settings, and asks both in turn at 1, 16 and 64 connections; then at 70% of
the API's capacity at a steady rate. "first" asks for each user once after the shop has changed (every page is read and
merged anew), "again" asks for users whom nothing has changed for. On MySQL nothing tells that nothing has changed, so
both are read anew.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import uvloop
from sqlalchemy import text

from benchmarks.parts.client import Measured, pace, press
from benchmarks.parts.lists import fill_shop
from benchmarks.publish import open_shop
from shop.database import open_engine

NUM_USERS = 60_000
API_PORT, BARE_PORT = 20290, 20291
CONNECTIONS = (1, 16, 64)
AGAIN_USERS = 500
START_SECONDS = 60


@contextmanager
def serve(app: str, port: int, settings: dict[str, str]) -> Iterator[None]:
    """Run one worker of an application until the block ends."""
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", app, *options], env=os.environ | settings, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/recommendations/home", timeout=5).read()
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def measure(database: str, url: str, seconds: float) -> None:
    """Ask both applications and print their rows."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VAR_DIR": folder, "SHOP_DATABASE_URL": url, "SERVING_URL": "http://127.0.0.1:9"}
        paths = [f"/recommendations/home?user_id={user}" for user in range(1, NUM_USERS + 1)]
        with serve("api.main:app", API_PORT, settings):
            body = urlopen(f"http://127.0.0.1:{API_PORT}{paths[0]}", timeout=10).read()
            (Path(folder) / "body.json").write_bytes(body)
            with serve("benchmarks.parts.bare_api:app", BARE_PORT, settings):
                for connections in CONNECTIONS:
                    bare = uvloop.run(press(BARE_PORT, paths, connections, seconds))
                    _show(database, "bare", connections, bare, bare)
                    _touch(url)
                    offset = NUM_USERS // len(CONNECTIONS) * CONNECTIONS.index(connections)
                    first = uvloop.run(press(API_PORT, paths[offset:] + paths[:offset], connections, seconds))
                    _show(database, "first", connections, first, bare)
                    uvloop.run(press(API_PORT, paths[:AGAIN_USERS], 1, 1.0))
                    again = uvloop.run(press(API_PORT, paths[:AGAIN_USERS], connections, seconds))
                    _show(database, "again", connections, again, bare)
                for way, users, capacity in (("first", paths, first), ("again", paths[:AGAIN_USERS], again)):
                    _touch(url)
                    calm = uvloop.run(pace(API_PORT, users, 0.7 * capacity.rate, seconds))
                    _show(database, f"{way}, at 70%", 32, calm, bare)


def _touch(url: str) -> None:
    """Change something, so that no page of before counts as unchanged."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE products SET stock = stock + 1 WHERE product_id = 1"))
    engine.dispose()


def _show(database: str, way: str, connections: int, measured: Measured, bare: Measured) -> None:
    times = f"{measured.percentile_ms(0.5):>9.2f}{measured.percentile_ms(0.99):>9.2f}"
    share = f"{measured.rate / bare.rate:>9.0%}"
    row = f"{database:<9}{way:<15}{connections:>6}{measured.rate:>9,.0f}{times}{share}{measured.failures:>9}"
    print(row, flush=True)


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--database", choices=["sqlite", "mariadb", "both"], default="both")
    chosen = parser.parse_args()
    print(f"{'database':<9}{'way':<15}{'conns':>6}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'of bare':>9}{'not 200':>9}")
    for database in ("sqlite", "mariadb") if chosen.database == "both" else (chosen.database,):
        with open_shop(database) as url:
            fill_shop(url, NUM_USERS, 5000, 100_000)
            measure(database, url, chosen.seconds)


if __name__ == "__main__":
    main()
