"""Benchmark of answers during faults: `python -m benchmarks.faults [--requests 1000] [--rate 20]`.

Kills, stops (SIGSTOP) and slows (stopped four fifths of the time) the database, the model server, and both, each while
a steady stream of shoppers asks one API for their homepages. Prints answers other than 200, how many of the others came
from the API's local copy, and how long answers took.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import uvloop

from benchmarks.parts.client import Measured, get, pace
from benchmarks.parts.faults import KINDS, NUM_USERS, break_down, run_dependencies
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.served_api import API, serve
from command import Command, Result

WARM_UP_SECONDS = 3.0
AIM_MS = 300.0


def measure(dependency: str, kind: str, requests: int, rate: float) -> Measured:
    """Ask through one fault, with fresh dependencies and a fresh API."""
    paths = [f"/recommendations/home?user_id={user}" for user in range(1, NUM_USERS + 1)]
    with (
        tempfile.TemporaryDirectory() as folder,
        run_dependencies(Path(folder)) as dependencies,
        serve(API, dependencies.settings) as api,
    ):
        for path in paths[:20]:
            urlopen(f"http://127.0.0.1:{api.port}{path}", timeout=10).read()
        time.sleep(WARM_UP_SECONDS)
        with break_down(dependencies.of(dependency), kind):
            return uvloop.run(pace(api.port, [get(path) for path in paths], rate, requests / rate))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.faults", __doc__, has_json=True)
    command.add_argument("--requests", type=int, default=1000, help="for each fault")
    command.add_argument("--rate", type=float, default=20.0, help="requests a second")
    return command.run(_measure_all, arguments)


def _measure_all(chosen: argparse.Namespace) -> Result:
    print(f"{'dependency':<14}{'fault':<9}{'requests':>9}{'not 200':>9}{'local':>9}{'p50 ms':>9}{'p99 ms':>9}")
    figures = []
    for dependency in ("database", "model_server", "both"):
        for kind in KINDS:
            found = measure(dependency, kind, chosen.requests, chosen.rate)
            times = f"{found.percentile_ms(0.5):>9.1f}{found.percentile_ms(0.99):>9.1f}"
            print(
                f"{dependency:<14}{kind:<9}{len(found.seconds):>9}{found.failures:>9}{found.local:>9}{times}",
                flush=True,
            )
            what = f"{dependency.replace('_', ' ')} {kind}"
            figures += [
                Figure(f"{what}: answers other than 200", found.failures, "lower", "answers", 0),
                Figure(f"{what}: p99", found.percentile_ms(0.99), "lower", "ms", AIM_MS),
            ]
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
