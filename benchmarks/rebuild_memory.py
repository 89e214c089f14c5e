"""Benchmark of a rebuild's memory: `python -m benchmarks.rebuild_memory [--users 20000 50000] [--buckets 16]`.

Makes the store of a synthetic shop of so many users with 50 order lines each, and builds its features in processes of
their own: in memory, and a few user buckets at a time. All must write the same snapshot.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.memory import read_peak
from benchmarks.parts.synthetic_store import write_synthetic_store
from command import Command, CommandError, Result, say
from features.rebuild import rebuild
from features.snapshot import spreading
from features.snapshot.bucket_rebuild import SharedRebuild
from features.store import MLStore
from shop.loaders.synthetic.build import SyntheticShape

NUM_PRODUCTS, LINES_A_USER, LINES_AN_ORDER = 20_000, 50, 5
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
ALL = 0
AIM_GROWTH = 1.1


def measure(uri: str, num_buckets: int, lines_at_once: int) -> dict[str, float | str]:
    """Rebuild here, with so many lines in memory at once (0 = all); gives seconds, peak megabytes and the hash."""
    spreading.LINES_AT_ONCE = lines_at_once or 2**62
    store = MLStore(uri)
    num_lines = spreading.count_lines(store, {"order_items": store.version("order_items")})
    started = time.perf_counter()
    if not spreading.fit_in_memory(num_lines):
        SharedRebuild.open(store, AS_OF, num_buckets).plan()
    planned = time.perf_counter()
    rebuilt = rebuild(store, AS_OF, num_buckets)
    return {
        "lines": num_lines,
        "seconds": time.perf_counter() - started,
        "plan": planned - started,
        "peak": read_peak(),
        "snapshot_id": rebuilt.index.snapshot_id,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.rebuild_memory", __doc__, has_json=True)
    command.add_argument("--users", type=int, nargs="+", default=[20_000, 50_000])
    command.add_argument("--buckets", type=int, default=16)
    command.add_argument("--lines-at-once", type=int, nargs="+", default=[ALL, spreading.LINES_AT_ONCE])
    command.add_argument("--child", metavar="STORE", help=argparse.SUPPRESS)
    return command.run(_compare, arguments)


def _compare(options: argparse.Namespace) -> Result:
    if options.child:
        print(json.dumps(measure(options.child, options.buckets, *options.lines_at_once)))
        return Result()
    say("| users | lines | lines at once | seconds | of them the plan | peak memory, GB |")
    say("|---|---|---|---|---|---|")
    peaks = {}
    for num_users in options.users:
        with tempfile.TemporaryDirectory() as name:
            store = MLStore(str(Path(name) / "store"))
            num_orders = num_users * LINES_A_USER // LINES_AN_ORDER
            write_synthetic_store(store, SyntheticShape(num_users, NUM_PRODUCTS, num_orders))
            done = [_compare_one(store, num_users, options.buckets, lines) for lines in options.lines_at_once]
        if len({each["snapshot_id"] for each in done}) > 1:
            raise CommandError(f"the snapshots of {num_users} users differ")
        peaks[num_users] = float(done[-1]["peak"])
    growth = peaks[max(peaks)] / peaks[min(peaks)]
    size = f"{max(peaks):,} users, of that of {min(peaks):,}"
    return report([Figure(f"peak memory in parts, {size}", growth, "lower", aim=AIM_GROWTH)])


def _compare_one(store: MLStore, num_users: int, num_buckets: int, lines_at_once: int) -> dict[str, float | str]:
    """Measure in a child process, print a row of the table, and return what was measured."""
    told = ["--buckets", str(num_buckets), "--lines-at-once", str(lines_at_once), "--child", store.uri]
    done: dict[str, float | str] = measure_apart("rebuild_memory", *told)
    at_once = "all" if lines_at_once == ALL else f"{lines_at_once:,}"
    seconds = f"{done['seconds']:.1f} | {done['plan']:.1f}"
    say(f"| {num_users:,} | {done['lines']:,} | {at_once} | {seconds} | {float(done['peak']) / 1024:.2f} |")
    return done


if __name__ == "__main__":
    sys.exit(main())
