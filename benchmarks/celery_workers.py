"""Benchmark of Celery's workers: `python -m benchmarks.celery_workers [--seconds 6]`.

16 tasks that cost nothing but time are taken by 1, 2 and 4 workers of one place each, in one installation. The time
counts from the first task's begin to the last one's end.
"""

import argparse
import signal
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks.parts.celery_installation import celery_running, list_workers_of_one_place
from benchmarks.parts.figures import Figure, report
from command import Command, Result
from tests.support.ports import free_settings

TASKS, WORKERS = 16, (1, 2, 4)
MOST_OF_ONE = 0.30
FIXED_COST = """\
import time
from airflow.sdk import dag, task

@dag(schedule=None)
def fixed_cost():
    @task
    def wait(part):
        time.sleep({seconds})

    wait.expand(part=list(range({tasks})))

fixed_cost()
"""


def measure(folder: Path, seconds: float) -> Figure:
    """Let 1, 2 and 4 workers take the same tasks, print the table, and return the share of time that four take."""
    dags = folder / "dags"
    dags.mkdir()
    (dags / "fixed_cost.py").write_text(FIXED_COST.format(seconds=seconds, tasks=TASKS))
    settings = free_settings(folder / "var").model_copy(update={"executor": "celery", "workers": max(WORKERS)})
    took: dict[int, float] = {}
    with celery_running(settings, dags, list_workers_of_one_place(settings)) as installation:
        for workers in WORKERS:
            installation.start_workers(workers)
            tasks = installation.await_end("fixed_cost", installation.run("fixed_cost"))
            begun = min(datetime.fromisoformat(task["start_date"]) for task in tasks)
            ended = max(datetime.fromisoformat(task["end_date"]) for task in tasks)
            took[workers] = (ended - begun).total_seconds()
    print(f"{'workers':>8}{'tasks':>7}{'seconds':>10}{'of one':>9}")
    for workers, each in took.items():
        print(f"{workers:>8}{TASKS:>7}{each:>10.1f}{each / took[1]:>9.2f}")
    share = took[WORKERS[-1]] / took[1]
    return Figure(f"time of {WORKERS[-1]} workers, of that of one", share, "lower", aim=MOST_OF_ONE)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.celery_workers", __doc__, has_json=True)
    command.add_argument("--seconds", type=float, default=6.0, help="what a task costs")
    return command.run(_measure, arguments, (RuntimeError,))


def _measure(chosen: argparse.Namespace) -> Result:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it ends what it started
    with tempfile.TemporaryDirectory() as name:
        return report([measure(Path(name), chosen.seconds)])


if __name__ == "__main__":
    sys.exit(main())
