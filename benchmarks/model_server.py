"""Benchmark of the model server: `python -m benchmarks.model_server [--users 2500] [--seconds 5]`.

Trains a short version on a generated shop of the demo's size, serves it, and asks for one user's list a request, at 1,
4 and 16 connections. The limit stands beside it, measured in the same run in the server's own process before it serves:
the ranker called without a network, one user and sixteen users a call. MLflow is left out; the rest is as it serves.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import patch
from urllib.error import URLError
from urllib.request import urlopen

import httpx
import numpy as np
import uvicorn

from benchmarks.parts.client import Measured
from benchmarks.parts.faults import find_port
from command import Command, Result
from features.rebuild import rebuild
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from serving import service
from settings import Settings
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from tests.serving.conftest import ScriptedRegistry
from training.config import load_config
from training.fit import fit
from training.ranking.ranker import Ranker

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
NUM_PRODUCTS, ORDERS_OF_A_USER = 90_000, 60
NUM_BUCKETS = 4
CONNECTIONS = (1, 4, 16)
LIST_LENGTH = 100
START_SECONDS = 120


def make_version(home: Path, num_users: int) -> None:
    """Load, sync, rebuild and train, as the workflows do, but one pass over one window."""
    engine = open_engine(f"sqlite:///{home / 'shop.db'}")
    shape = SyntheticShape(num_users, NUM_PRODUCTS, num_users * ORDERS_OF_A_USER)
    write_shop(engine, build_synthetic_shop(shape, seed=3, end_date=date(2026, 6, 30)), replace=False, report=str)
    store = MLStore(str(home / "store"))
    sync_shop(engine, store)
    engine.dispose()
    rebuild(store, AS_OF, NUM_BUCKETS)
    config = load_config()
    short = config.model_copy(
        update={
            "data": config.data.model_copy(update={"num_windows": 1}),
            "optimiser": config.optimiser.model_copy(update={"epochs": 1, "min_steps": 1}),
        }
    )
    fit(load_purchases(store, AS_OF), short, home / "version", lambda *_: None)


def measure_ranker(home: Path, seconds: float) -> dict[str, float]:
    """Rank users without a server; gives users a second, one and sixteen users a call."""
    snapshot = Snapshot.open(MLStore(str(home / "store")), AS_OF)
    ranker, user_ids = Ranker.load(home / "version"), snapshot.user_ids()
    return {str(size): _count_users(ranker, snapshot, user_ids, size, seconds) for size in (1, 16)}


def _count_users(ranker: Ranker, snapshot: Snapshot, user_ids: np.ndarray, size: int, seconds: float) -> float:
    ranker.rank(snapshot, user_ids[:size], LIST_LENGTH)
    began, num_users = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        place = num_users % (len(user_ids) - size)
        ranker.rank(snapshot, user_ids[place : place + size], LIST_LENGTH)
        num_users += size
    return num_users / (time.perf_counter() - began)


def serve_version(home: Path, port: int) -> None:
    """Serve the version with the real service over a registry that always names it: the child process."""
    settings = Settings(var_dir=home / "var", ml_store_uri=str(home / "store"), champion_poll_seconds=3600)
    registry = ScriptedRegistry({"champion": 1}, {1: home / "version"})
    with (
        patch.object(service, "load_settings", lambda: settings),
        patch.object(service, "connect", lambda *_: registry),
    ):
        uvicorn.run(service.Recommender.to_asgi(), host="127.0.0.1", port=port, log_level="warning")  # type: ignore[attr-defined]


@contextmanager
def run_server(home: Path) -> Iterator[int]:
    """Serve in a process of its own; yields the port."""
    port = find_port()
    command = [sys.executable, "-m", "benchmarks.model_server", "--serve", str(home), str(port)]
    server = subprocess.Popen(command)
    try:
        _await_ready(server, port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("The model server did not become ready: its own words stand above.")


async def press(port: int, user_ids: list[int], connections: int, seconds: float) -> Measured:
    """Ask for one user's list a request, as fast as answers come."""
    measured, began, turn = Measured(), time.perf_counter(), iter(range(10**9))

    async def ask_on(client: httpx.AsyncClient) -> None:
        while (started := time.perf_counter()) < began + seconds:
            body = {"user_ids": [user_ids[next(turn) % len(user_ids)]], "k": LIST_LENGTH}
            answer = await client.post("/recommend", json=body)
            measured.failures += answer.status_code != 200 or not answer.json()["recommendations"]
            measured.seconds.append(time.perf_counter() - started)

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        await asyncio.gather(*(ask_on(client) for _ in range(connections)))
    measured.wall = time.perf_counter() - began
    return measured


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.model_server", __doc__)
    command.add_argument("--users", type=int, default=2500)
    command.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    command.add_argument("--serve", nargs=2, metavar=("HOME", "PORT"), help=argparse.SUPPRESS)
    command.add_argument("--rank", metavar="HOME", help=argparse.SUPPRESS)
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    if chosen.serve:
        serve_version(Path(chosen.serve[0]), int(chosen.serve[1]))
    elif chosen.rank:
        print(json.dumps(measure_ranker(Path(chosen.rank), chosen.seconds)))
    else:
        compare(chosen.users, chosen.seconds)
    return Result()


def compare(num_users: int, seconds: float) -> None:
    """Print users a second and times of answers; the share is of the ranker with as many users a call as there are."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_version(home, num_users)
        command = [sys.executable, "-m", "benchmarks.model_server", "--rank", folder, "--seconds", str(seconds)]
        limits = json.loads(subprocess.check_output(command))
        print(f"ranker alone, users a second: {limits['1']:.0f} one a call, {limits['16']:.0f} sixteen a call")
        print(f"{'connections':<13}{'users/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}{'of the ranker':>15}")
        with run_server(home) as port:
            user_ids = list(range(1, num_users + 1))
            asyncio.run(press(port, user_ids, 4, 1.0))
            for connections in CONNECTIONS:
                found = asyncio.run(press(port, user_ids, connections, seconds))
                share = found.rate / limits["1" if connections == 1 else "16"]
                times = f"{found.percentile_ms(0.5):>9.1f}{found.percentile_ms(0.99):>9.1f}"
                print(f"{connections:<13}{found.rate:>9.0f}{times}{found.failures:>8}{share:>15.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
