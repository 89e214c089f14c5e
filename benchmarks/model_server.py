"""Benchmark of the model server: `python -m benchmarks.model_server [--users 2500] [--seconds 5] [--workers 2]`.

Trains a short version on a generated shop of the demo's size, or takes an installation's newest snapshot and a version
(`--version FOLDER`), serves it by some workers on one socket as BentoML does, and asks for one user's list a request,
for a list ranked again after an order, and for what goes with a cart, at 1, 4 and 16 connections. The limit stands
beside it, measured in the same run in a process of its own before it serves: the same functions called without a
network, lists for one user and for sixteen a call; and what a route costs that computes nothing. MLflow is left out;
the rest is as it serves.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import bentoml
import numpy as np
import uvicorn
import uvloop

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.client import Measured, post, press
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.memory import read_memory
from command import Command, Result
from features.rebuild import rebuild
from features.snapshot.mapped import MappedSnapshots
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from serving import service
from serving.champion import Champion
from serving.online.answers import answer_cart, answer_lists, answer_reranking
from serving.online.schemas import LineSince
from settings import Settings, load_settings
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
AIM_ALONE_MS, AIM_BUSY_MS, AIM_RATE = 6.0, 100.0, 200.0
LIST_LENGTH, TOGETHER = 100, 16
NUM_ASKED, NUM_ORDERED, MOST_BOUGHT = 1000, 2000, 10
LOOK_SECONDS = 0.05


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


@dataclass(frozen=True)
class Questions:
    """What is asked: bodies of requests, each for another user."""

    path: str
    bodies: list[dict[str, Any]]


def make_questions(snapshot: Snapshot) -> list[Questions]:
    """Ask of each user in turn: for a list, for it again after an order of a few best sellers, and for their cart."""
    arrays, generator = snapshot.arrays, np.random.default_rng(31)
    user_ids = generator.permutation(snapshot.user_ids())[:NUM_ASKED].tolist()
    sellers = arrays.product_ids[arrays.best_sellers[:NUM_ORDERED]]
    listed = sellers[:LIST_LENGTH].tolist()
    bought = [generator.choice(sellers, generator.integers(1, MOST_BOUGHT + 1), replace=False) for _ in user_ids]
    at = (snapshot.as_of + timedelta(hours=3)).isoformat()

    def order(products: np.ndarray) -> list[dict[str, Any]]:
        return [
            {"order_id": 2**62, "product_id": each, "quantity": 1, "unit_price": 3.0, "ordered_at": at}
            for each in products.tolist()
        ]

    asked = list(zip(user_ids, bought, strict=True))
    return [
        Questions("/recommend", [{"user_ids": [user], "k": LIST_LENGTH} for user in user_ids]),
        Questions(
            "/recommend_again",
            [{"user_id": user, "since": order(products), "product_ids": listed} for user, products in asked],
        ),
        Questions("/recommend_cart", [{"user_id": user, "product_ids": some.tolist()} for user, some in asked]),
    ]


def measure_ranker(home: Path, seconds: float) -> dict[str, float]:
    """Answer without a server; gives answers a second by path, and users a second at sixteen a call."""
    store = MLStore(str(home / "store"))
    snapshot = MappedSnapshots(store, home / "var" / "snapshots").open()
    champion = Champion(1, Ranker.load(home / "version"), snapshot)
    lists, again, cart = (each.bodies for each in make_questions(Snapshot.open(store)))
    since = [[LineSince(**line) for line in body["since"]] for body in again]
    user_ids = [body["user_ids"][0] for body in lists]

    def rank_again(turn: int) -> None:
        answer_reranking(champion, again[turn]["user_id"], since[turn], again[turn]["product_ids"])

    def rank_together(turn: int) -> None:
        answer_lists(champion, [user_ids[(turn + each) % len(user_ids)] for each in range(TOGETHER)], LIST_LENGTH)

    ways: dict[str, Callable[[int], object]] = {
        "/recommend": lambda turn: answer_lists(champion, lists[turn]["user_ids"], LIST_LENGTH),
        "/recommend_again": rank_again,
        "/recommend_cart": lambda turn: answer_cart(champion, cart[turn]["user_id"], cart[turn]["product_ids"], 20),
        "together": rank_together,
    }
    rates = {name: _count_calls(way, len(user_ids), seconds) for name, way in ways.items()}
    return rates | {"together": TOGETHER * rates["together"]}


def _count_calls(call: Callable[[int], object], num_turns: int, seconds: float) -> float:
    call(0)
    began, count = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        call(count % num_turns)
        count += 1
    return count / (time.perf_counter() - began)


class AnnouncedServer(uvicorn.Server):
    """Says on its output when a version serves."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, wait for the version, and say so; on a busy machine the snapshot's files take longer to write."""
        await super().startup(sockets)
        await asyncio.to_thread(_wait_for_version)
        print("ready", flush=True)


def _wait_for_version() -> None:
    while not bentoml.get_current_service().__is_ready__():
        time.sleep(LOOK_SECONDS)


def serve_version(home: Path, descriptor: int) -> None:
    """Serve the version with the real service over a registry that always names it: a worker, in a child process."""
    settings = Settings(var_dir=home / "var", ml_store_uri=str(home / "store"), champion_poll_seconds=3600)
    registry = ScriptedRegistry({"champion": 1}, {1: home / "version"})
    with (
        patch.object(service, "load_settings", lambda: settings),
        patch.object(service, "connect", lambda *_: registry),
    ):
        application = service.Recommender.to_asgi()  # type: ignore[attr-defined]
        AnnouncedServer(uvicorn.Config(application, log_level="warning")).run([socket.socket(fileno=descriptor)])


@dataclass(frozen=True)
class ServedWorkers:
    """Workers on one port."""

    port: int
    processes: list[subprocess.Popen[bytes]]

    def measure_memory(self) -> str:
        """Tell each worker's private memory and proportional set size."""
        sizes = [read_memory(worker.pid) for worker in self.processes]
        return ", ".join(f"{each['Private']:.0f} MB private and {each['Pss']:.0f} MB PSS" for each in sizes)


@contextmanager
def run_server(home: Path, num_workers: int) -> Iterator[ServedWorkers]:
    """Serve in processes of their own, one after the other: the first one writes the snapshot's files."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        listener.set_inheritable(True)
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "benchmarks.model_server", "--serve", str(home), str(descriptor)]
        workers = []
        for _ in range(num_workers):
            began = time.perf_counter()
            workers.append(stack.enter_context(_run(command, descriptor)))
            print(f"worker {len(workers)} started in {time.perf_counter() - began:.1f} s", flush=True)
        yield ServedWorkers(listener.getsockname()[1], workers)


@contextmanager
def _run(command: list[str], descriptor: int) -> Iterator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(command, pass_fds=[descriptor], stdout=subprocess.PIPE)
    try:
        assert worker.stdout is not None
        if worker.stdout.readline() != b"ready\n":
            raise SystemExit("The model server did not become ready: its own words stand above.")
        yield worker
    finally:
        worker.terminate()
        worker.wait(timeout=30)


def ask(port: int, questions: Questions, connections: int, seconds: float) -> Measured:
    """Ask as fast as answers come."""
    written = [post(questions.path, body) for body in questions.bodies]
    return uvloop.run(press(port, written, connections, seconds))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.model_server", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=2500)
    command.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    command.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    command.add_argument("--version", type=Path, help="folder of a version of the installation, instead of a new shop")
    command.add_argument("--serve", nargs=2, metavar=("HOME", "DESCRIPTOR"), help=argparse.SUPPRESS)
    command.add_argument("--rank", metavar="HOME", help=argparse.SUPPRESS)
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    if chosen.serve:
        serve_version(Path(chosen.serve[0]), int(chosen.serve[1]))
    elif chosen.rank:
        print(json.dumps(measure_ranker(Path(chosen.rank), chosen.seconds)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            if chosen.version is None:
                make_version(home, chosen.users)
            else:
                (home / "version").symlink_to(chosen.version.resolve())
                (home / "store").symlink_to(Path(load_settings().ml_store_uri).resolve())
            return report(compare(home, chosen.seconds, chosen.workers))
    return Result()


def compare(home: Path, seconds: float, num_workers: int) -> list[Figure]:
    """Ask in each way; prints and returns answers a second, times, and the share of the same function called alone."""
    figures = []
    limits = measure_apart("model_server", "--rank", str(home), "--seconds", str(seconds))
    questions = make_questions(Snapshot.open(MLStore(str(home / "store"))))
    print("called alone, a second: " + ", ".join(f"{name} {rate:.0f}" for name, rate in limits.items()))
    print(f"{'path':<18}{'connections':>12}{'answers/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}{'of alone':>10}")
    with run_server(home, num_workers) as served:
        for asked in questions:
            ask(served.port, asked, 4, 1.0)
            for connections in CONNECTIONS:
                found = ask(served.port, asked, connections, seconds)
                is_together = connections > 1 and asked.path == "/recommend"
                share = found.rate / limits["together" if is_together else asked.path]
                times = f"{found.percentile_ms(0.5):>9.1f}{found.percentile_ms(0.99):>9.1f}{found.failures:>8}"
                print(f"{asked.path:<18}{connections:>12}{found.rate:>11.0f}{times}{share:>10.2f}", flush=True)
                figures += to_figures(asked.path, connections, found, share)
        bare = ask(served.port, Questions("/status", [{}]), 1, seconds)
        print(
            f"a route that computes nothing, 1 connection: {bare.rate:.0f} a second, {bare.percentile_ms(0.5):.1f} ms"
        )
        print(f"workers: {served.measure_memory()}")
    return figures


def to_figures(path: str, connections: int, found: Measured, share: float) -> list[Figure]:
    """Report what one user waits for alone, and what a busy server answers."""
    what = f"{path.strip('/')}, {connections} connections"
    is_list, alone = path == "/recommend", Figure(f"{what}: of alone", share, "higher")
    if connections == min(CONNECTIONS):
        return [
            alone,
            Figure(f"{what}: p50", found.percentile_ms(0.5), "lower", "ms", AIM_ALONE_MS if is_list else None),
        ]
    if connections == max(CONNECTIONS):
        return [
            alone,
            Figure(f"{what}: answers a second", found.rate, "higher", "/s", AIM_RATE if is_list else None),
            Figure(f"{what}: p99", found.percentile_ms(0.99), "lower", "ms", AIM_BUSY_MS),
        ]
    return [alone]


if __name__ == "__main__":
    sys.exit(main())
