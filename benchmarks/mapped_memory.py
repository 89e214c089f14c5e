"""Benchmark of a mapped snapshot's memory: `python -m benchmarks.mapped_memory [--users 50000 200000] [--buckets 16]`.

Makes a snapshot of so many users by repeating those of a small synthetic shop under other ids, and takes it up in
processes of their own: read into memory, written as files, and mapped as a second worker or a restart does. Private
memory is a process's own; the proportional set size (PSS) counts shared pages in equal parts.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.memory import read_memory, read_peak
from benchmarks.parts.synthetic_store import write_synthetic_store
from benchmarks.rebuild_memory import AIM_GROWTH
from command import Command, Result, say
from features.ranking.candidates import draw_candidates
from features.rebuild import rebuild
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.bucket_files import USER_TABLES
from features.snapshot.buckets import assign_bucket
from features.snapshot.mapped import MappedSnapshots
from features.snapshot.tables import Snapshot
from features.store import MLStore
from shop.loaders.synthetic.build import SyntheticShape

NUM_PRODUCTS, NUM_REPEATED, LINES_A_USER, LINES_AN_ORDER = 20_000, 2_500, 20, 5
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
NUM_ASKED, NUM_CANDIDATES = 1000, 500
WAYS = {"memory": "read into memory", "write": "written as files", "map": "mapped"}


def repeat_users(snapshot: Snapshot, times: int) -> Snapshot:
    """Return a snapshot with each user so many times, under other ids."""
    step = int(snapshot.user_ids()[-1]) + 1
    repeated = {}
    for table in USER_TABLES:
        frame = getattr(snapshot, table)
        frames = [frame.with_columns(pl.col("user_id") + number * step) for number in range(times)]
        repeated[table] = pl.concat(frames).with_columns(assign_bucket(pl.col("user_id"), snapshot.num_buckets))
    return replace(snapshot, **repeated)


def measure(store: MLStore, folder: Path, way: str) -> dict[str, float]:
    """Take the snapshot up here and draw candidates for some users; gives seconds and megabytes."""
    before = read_memory()
    began = time.perf_counter()
    arrays = Snapshot.open(store).arrays if way == "memory" else MappedSnapshots(store, folder).open().arrays
    seconds = time.perf_counter() - began
    opened = read_memory()
    for user_id in np.random.default_rng(31).choice(arrays.user_ids, NUM_ASKED, replace=False):
        ask(arrays, user_id)
    asked = read_memory()
    return {
        "seconds": seconds,
        "peak": read_peak(),
        "opened": opened["Private"] - before["Private"],
        "private": asked["Private"] - before["Private"],
        "pss": asked["Pss"] - before["Pss"],
    }


def ask(arrays: SnapshotArrays, user_id: int) -> None:
    """Read what ranking reads of a user."""
    rows = arrays.find_users(np.array([user_id]))
    draw_candidates(arrays, rows, NUM_CANDIDATES)
    arrays.user_categories[rows].sum()
    arrays.users[rows].sum()


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.mapped_memory", __doc__, has_json=True)
    command.add_argument("--users", type=int, nargs="+", default=[50_000, 200_000])
    command.add_argument("--buckets", type=int, default=16)
    command.add_argument("--child", nargs=3, metavar=("STORE", "FOLDER", "WAY"), help=argparse.SUPPRESS)
    return command.run(_compare, arguments)


def _compare(options: argparse.Namespace) -> Result:
    if options.child:
        uri, folder, way = options.child
        print(json.dumps(measure(MLStore(uri), Path(folder), way)))
        return Result()
    say(f"| users | taken up | seconds | peak, MB | private, MB | private after {NUM_ASKED} users, MB | PSS, MB |")
    say("|---|---|---|---|---|---|---|")
    mapped = {}
    for num_users in options.users:
        with tempfile.TemporaryDirectory() as name:
            store, folder = MLStore(str(Path(name) / "store")), Path(name) / "snapshots"
            num_orders = NUM_REPEATED * LINES_A_USER // LINES_AN_ORDER
            write_synthetic_store(store, SyntheticShape(NUM_REPEATED, NUM_PRODUCTS, num_orders))
            rebuild(store, AS_OF, options.buckets)
            repeat_users(Snapshot.open(store), num_users // NUM_REPEATED).write(store)
            for way in WAYS:
                mapped[num_users] = _measure_apart(store, folder, way, num_users)
    least, most = mapped[min(mapped)], mapped[max(mapped)]
    size = f"{max(mapped):,} users, of that of {min(mapped):,}"
    return report(
        [
            Figure(f"private memory mapped, {size}", most["private"] / least["private"], "lower", aim=AIM_GROWTH),
            Figure(f"seconds to map, {size}", most["seconds"] / least["seconds"], "lower", aim=AIM_GROWTH),
        ]
    )


def _measure_apart(store: MLStore, folder: Path, way: str, num_users: int) -> dict[str, float]:
    """Measure in a child process, print a row of the table, and return what was measured."""
    done: dict[str, float] = measure_apart("mapped_memory", "--child", store.uri, str(folder), way)
    sizes = " | ".join(f"{done[name]:.0f}" for name in ("peak", "opened", "private", "pss"))
    say(f"| {num_users:,} | {WAYS[way]} | {done['seconds']:.2f} | {sizes} |")
    return done


if __name__ == "__main__":
    sys.exit(main())
