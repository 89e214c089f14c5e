"""Benchmark of scoring on several workers: `python -m benchmarks.scale [--users 20000] [--workers 2]`.

Makes a synthetic shop of so many users with 50 order lines each, trains a version of the committed shape on few of
them, and scores all users on MySQL or MariaDB: by one worker, and by several with a part of the buckets each, every
worker a process on one thread and a core of its own. The wall-clock time counts from the first worker's first bucket to
the last one's last; loading the version and the snapshot comes before it. Both batches must have the same checksum.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from benchmarks.parts.databases import OF_A_LARGE_SHOP
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.memory import read_peak
from benchmarks.parts.synthetic_store import write_synthetic_store
from command import Command, Result
from features.rebuild import rebuild
from features.snapshot.buckets import parse_buckets
from features.snapshot.tables import Snapshot
from features.store import MLStore
from serving.batch.batch_state import open_batch
from serving.batch.job import Scoring, publish_scores, write_buckets
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape
from shop.split import migrate_both
from shop.tables import RecommendationBatch
from tests.support.database_servers import KINDS, Kind, run_server
from training.config import DataConfig, OptimiserConfig, TrainingConfig
from training.data.shops import load_shop
from training.fit import fit
from training.ranking.ranker import Ranker

NUM_PRODUCTS, LINES_A_USER, LINES_AN_ORDER, BUCKETS = 3000, 50, 5, 16
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
QUICK = TrainingConfig(
    data=DataConfig(num_windows=1, max_users_per_window=500),
    optimiser=OptimiserConfig(epochs=1, min_steps=1),
)
"""One pass over few users: what ranking costs depends on the network's shape, not on what it has learned."""

AIM_TIMES = 1.8
START = "start"


def build_version(folder: Path, num_users: int) -> None:
    """Make the shop's rows as a sync would have read them, their features, and a version."""
    store, scratch = MLStore(str(folder / "store")), folder / "lines"
    write_synthetic_store(store, SyntheticShape(num_users, NUM_PRODUCTS, num_users * LINES_A_USER // LINES_AN_ORDER))
    rebuild(store, AS_OF, BUCKETS)
    scratch.mkdir()
    shop = load_shop(store, AS_OF, store.versions(), scratch, QUICK.optimiser.seed)
    fit(shop, QUICK, folder / "version", lambda *_: None)


def open_scoring(url: str, folder: Path, version: int) -> Scoring:
    """Make the version ready to score under a number; another number is another batch."""
    store = MLStore(str(folder / "store"))
    snapshot = Snapshot.open(store, AS_OF, bucket=0)
    engine = open_engine(url, read_timeout_seconds=600)
    return Scoring(version, Ranker.load(folder / "version"), store, AS_OF, snapshot.snapshot_id, engine)


def work(url: str, folder: Path, version: int, part: str, core: int) -> None:
    """Write one part of the buckets on one core once told to begin, and print what it took: the child process."""
    os.sched_setaffinity(0, {core})
    scoring = open_scoring(url, folder, version)
    print(START, flush=True)
    sys.stdin.readline()
    began = time.time()
    written = write_buckets(scoring, None, parse_buckets(part), lambda _: None)
    peak_mb = read_peak()
    print(json.dumps({"began": began, "ended": time.time(), "users": written.num_users, "peak_mb": peak_mb}))


def score(url: str, folder: Path, version: int, num_workers: int) -> tuple[float, float]:
    """Score all users with so many workers at once.

    Returns:
        Seconds from the first begin to the last end, and the largest worker's peak memory in MB.
    """
    cores = sorted(os.sched_getaffinity(0))
    workers = []
    for number in range(num_workers):
        told = [url, str(folder), str(version), f"{number + 1}/{num_workers}", str(cores[number % len(cores)])]
        command = [sys.executable, "-m", "benchmarks.scale", "--child", *told]
        one_thread = os.environ | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
        workers.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=one_thread)
        )
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == START
    outputs = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        output, _ = worker.communicate()
        if worker.returncode:
            raise RuntimeError(f"a worker ended with code {worker.returncode}")
        outputs.append(json.loads(output.splitlines()[-1]))
    seconds = max(each["ended"] for each in outputs) - min(each["began"] for each in outputs)
    return seconds, max(each["peak_mb"] for each in outputs)


def publish(url: str, folder: Path, version: int) -> str:
    """Publish what the workers wrote and return its checksum."""
    scoring = open_scoring(url, folder, version)
    publication = publish_scores(scoring, None, lambda _: None, may_write=False)
    return _read_checksum(scoring.engine, publication.batch_id)


def _read_checksum(engine: Engine, batch_id: str) -> str:
    with Session(engine) as session:
        return str(session.get_one(RecommendationBatch, batch_id).checksum)


def compare(folder: Path, num_users: int, num_workers: int, kind: Kind) -> Figure:
    """Score with one worker and with several in turn, print the table, and return how many times faster several are."""
    if not (folder / "version").exists():
        build_version(folder, num_users)
    with run_server(kind, *OF_A_LARGE_SHOP[kind]) as server:
        url = server.create_database()
        engine = open_engine(url)
        migrate_both(engine, engine)
        found = {}
        print(f"{'workers':>8}{'users':>10}{'seconds':>10}{'users/s':>10}{'peak MB':>9}  checksum")
        for version, workers in enumerate((1, num_workers), start=1):
            scoring = open_scoring(url, folder, version)
            open_batch(engine, scoring.batch_id, AS_OF, str(version), None)
            seconds, peak_mb = score(url, folder, version, workers)
            checksum = publish(url, folder, version)
            found[workers] = seconds, checksum
            rate = num_users / seconds
            print(f"{workers:>8}{num_users:>10,}{seconds:>10.1f}{rate:>10,.0f}{peak_mb:>9.0f}  {checksum}", flush=True)
    (one, first), (several, second) = found[1], found[num_workers]
    if first != second:
        raise RuntimeError(f"the lists differ: {first} by one worker, {second} by {num_workers}")
    print(f"{num_workers} workers score {one / several:.2f} times as many users a second as one; the lists are equal")
    return Figure(
        f"{num_workers} workers, times one", one / several, "higher", aim=AIM_TIMES if num_workers == 2 else None
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.scale", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=20_000)
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("--database", choices=KINDS, default="mysql")
    command.add_argument("--folder", type=Path, help="keep the shop and its version here, by the number of users")
    command.add_argument(
        "--child", nargs=5, metavar=("URL", "FOLDER", "VERSION", "PART", "CORE"), help=argparse.SUPPRESS
    )
    return command.run(_measure, arguments, (RuntimeError,))


def _measure(chosen: argparse.Namespace) -> Result:
    if chosen.child:
        url, folder, version, part, core = chosen.child
        work(url, Path(folder), int(version), part, int(core))
        return Result()
    with tempfile.TemporaryDirectory() as name:
        folder = (chosen.folder or Path(name)) / str(chosen.users)
        folder.mkdir(parents=True, exist_ok=True)
        return report([compare(folder, chosen.users, chosen.workers, chosen.database)])


if __name__ == "__main__":
    sys.exit(main())
