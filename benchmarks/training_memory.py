"""Benchmark of a training's memory: `python -m benchmarks.training_memory [--users 50000 200000]`.

Makes the store of a synthetic shop of so many users with 50 order lines each, and trains and evaluates a version in a
process of its own, as `training.run` does without MLflow. One epoch of one member instead of all: that changes the time
of training and not what is in memory. Peaks are those of the process and of the largest one beside it.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.synthetic_store import write_synthetic_store
from benchmarks.rebuild_memory import AIM_GROWTH, AS_OF, LINES_A_USER, LINES_AN_ORDER, NUM_PRODUCTS
from command import Command, Result, say
from features.snapshot import spreading
from features.store import MLStore
from shop.loaders.synthetic.build import SyntheticShape
from training.config import load_config
from training.data.shops import load_shop
from training.evaluation.memory import measure_peak_memory_gb
from training.fit import fit
from training.gate.trial import Rival, hold_trial

QUICK = {"optimiser.epochs": 1, "optimiser.min_steps": 1, "model.num_members": 1}
STEPS = ("read", "fit", "gate")


def measure(uri: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Train here; gives the lines of orders, those who evaluate, and seconds and peak gigabytes after each step."""
    spreading.LINES_AT_ONCE = options.lines_at_once
    sizes = {
        "data.num_windows": options.windows,
        "data.max_users_per_window": options.max_users,
        "data.max_evaluation_users": options.max_judges,
    }
    store, config = MLStore(uri), load_config().replace({**QUICK, **sizes})
    versions, scratch = store.versions(), folder / "lines"
    scratch.mkdir()
    found: dict[str, float] = {"lines": spreading.count_lines(store, versions)}
    clock = _start_clock(found)
    shop = load_shop(store, AS_OF, versions, scratch, config.optimiser.seed)
    clock("read")
    fitted = fit(shop, config, folder / "version", lambda *_: None)
    clock("fit")
    hold_trial(fitted, Rival(None, None))
    clock("gate")
    return {**found, "judges": len(fitted.evaluation_users)}


def _start_clock(found: dict[str, float]) -> Callable[[str], None]:
    started = time.perf_counter()

    def note(step: str) -> None:
        found[f"{step}_seconds"] = time.perf_counter() - started
        found[f"{step}_gb"] = measure_peak_memory_gb()
        found["beside_gb"] = getrusage(RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9

    return note


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command, data = Command("benchmarks.training_memory", __doc__, has_json=True), load_config().data
    command.add_argument("--users", type=int, nargs="+", default=[50_000, 200_000])
    command.add_argument("--lines-at-once", type=int, default=500_000)
    command.add_argument("--windows", type=int, default=data.num_windows, help="that each model learns from")
    command.add_argument("--max-users", type=int, default=data.max_users_per_window, help="of a window")
    command.add_argument("--max-judges", type=int, default=data.max_evaluation_users, help="who evaluate")
    command.add_argument("--child", nargs=2, metavar=("STORE", "FOLDER"), help=argparse.SUPPRESS)
    return command.run(_compare, arguments)


def _compare(options: argparse.Namespace) -> Result:
    if options.child:
        uri, folder = options.child
        print(json.dumps(measure(uri, Path(folder), options)))
        return Result()
    say(
        "| users | lines | evaluated users | seconds | "
        + " | ".join(f"GB after {step}" for step in STEPS)
        + " | beside |"
    )
    say("|---|---|---|---|---|---|---|---|")
    peaks = {}
    for num_users in options.users:
        with tempfile.TemporaryDirectory() as name:
            store = MLStore(str(Path(name) / "store"))
            num_orders = num_users * LINES_A_USER // LINES_AN_ORDER
            write_synthetic_store(store, SyntheticShape(num_users, NUM_PRODUCTS, num_orders))
            peaks[num_users] = _measure_one(store, num_users, Path(name), options)
    growth = peaks[max(peaks)] / peaks[min(peaks)]
    size = f"{max(peaks):,} users, of that of {min(peaks):,}"
    return report([Figure(f"peak memory, {size}", growth, "lower", aim=AIM_GROWTH)])


def _measure_one(store: MLStore, num_users: int, folder: Path, options: argparse.Namespace) -> float:
    """Measure in a child process, print a row of the table, and return the peak."""
    names = ("lines_at_once", "windows", "max_users", "max_judges")
    told = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
    done = measure_apart("training_memory", *told, "--child", store.uri, str(folder))
    peaks = " | ".join(f"{done[name]:.2f}" for name in (*(f"{step}_gb" for step in STEPS), "beside_gb"))
    say(f"| {num_users:,} | {done['lines']:,.0f} | {done['judges']:,.0f} | {done['gate_seconds']:.0f} | {peaks} |")
    return float(done["gate_gb"])


if __name__ == "__main__":
    sys.exit(main())
