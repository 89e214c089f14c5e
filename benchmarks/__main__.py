"""All benchmarks with their aims: `python -m benchmarks [NAME ...] [--runs 3] [--keep]`, or `make bench`.

Each benchmark runs several times, each time in a process of its own. Printed are the median and the range of each
figure, its aim, and what got worse by more than a fifth since the figures that were last kept, which lie by release in
`benchmarks/results`. Exit code 1 where a benchmark failed or something got worse by so much; a missed aim is said.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.parts.figures import (
    Figure,
    Machine,
    Release,
    Series,
    find_slower,
    gather,
    list_figures,
    parse_figures,
    read_release,
    write_release,
)
from command import Command, Result, say
from deploy.development.version import read_version
from deploy.progress import lay_out_table

SUITE = {
    "sync": [],
    "features": ["--runs", "1"],
    "rebuild_memory": ["--users", "50000", "100000", "--lines-at-once", "1000000"],
    "training": ["--repeats", "1"],
    "training_memory": ["--users", "20000", "60000", "--windows", "2", "--max-users", "2000", "--max-judges", "2000"],
    "night": ["--users", "50000", "100000"],
    "ranking": ["--runs", "1"],
    "rerank": [],
    "publish": ["--database", "mysql"],
    "scale": [],
    "celery_workers": [],
    "lost_workers": [],
    "mapped_memory": [],
    "model_server": [],
    "search": ["--database", "mysql"],
    "api": ["--database", "mysql"],
    "overload": ["--database", "mysql"],
    "first_paint": [],
    "faults": ["--requests", "400"],
}
"""Benchmarks of speed and memory, in the data's order, with their arguments."""

RESULTS = Path(__file__).parent / "results"


@dataclass
class Outcome:
    """What came of all benchmarks."""

    figures: Release = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks", __doc__)
    command.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SUITE)}; all if none is given")
    command.add_argument("--runs", type=int, default=3, help="of each benchmark")
    command.add_argument("--keep", action="store_true", help="keep the figures as those of this release")
    return command.run(_run, arguments, (OSError, ValueError))


def _run(options: argparse.Namespace) -> Result:
    if unknown := sorted(set(options.names) - set(SUITE)):
        raise ValueError(f"no benchmark of the suite: {', '.join(unknown)}; there are {', '.join(SUITE)}")
    if options.runs < 1:
        raise ValueError(f"--runs must be at least 1, not {options.runs}")
    before, kept_on, release = _read_newest()
    outcome, machine = run_all(options.names or list(SUITE), options.runs), Machine.here()
    slower = find_slower(outcome.figures, before, on_the_same_machine=kept_on == machine)
    words = [lay_out_table(*_lay_out(outcome.figures, before))]
    words += [f"{name} was skipped: {reason}" for name, reason in outcome.skipped.items()]
    words += [f"{name} failed: {reason}" for name, reason in outcome.failed.items()]
    if release:
        compared = "" if kept_on == machine else " (another machine: ratios alone are compared)"
        words.append(f"compared with the figures of {release}{compared}: {_describe(slower)}")
    if options.keep and outcome.figures:
        path = RESULTS / f"{read_version()}.json"
        write_release(path, outcome.figures, machine)
        words.append(f"kept in benchmarks/results/{path.name}")
    return Result("\n".join(words), code=1 if slower or outcome.failed else 0)


def _describe(slower: list[tuple[str, str, float]]) -> str:
    if not slower:
        return "nothing got worse by more than a fifth"
    return "worse by more than a fifth: " + "; ".join(
        f"{name}, {figure}: {by:.2f} times" for name, figure, by in slower
    )


def run_all(names: list[str], runs: int) -> Outcome:
    """Run benchmarks several times each; one that fails or cannot run here does not stop the others."""
    outcome = Outcome()
    for name in names:
        found: list[list[Figure]] = []
        for number in range(1, runs + 1):
            say(f"== {name}, run {number} of {runs}")
            try:
                told = run_once(name)
            except ValueError as err:
                outcome.failed[name] = str(err)
                break
            if isinstance(told, str):
                outcome.skipped[name] = told
                break
            found.append(told)
        else:
            outcome.figures[name] = gather(found)
    return outcome


def run_once(name: str) -> list[Figure] | str:
    """Run a benchmark in a process of its own, and show what it prints.

    Returns:
        Its figures, or why it cannot run here.

    Raises:
        ValueError: it failed.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", *SUITE[name], "--json"]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if last:
                say(last)
            last = line.rstrip("\n")
    if process.returncode:
        raise ValueError(f"exit code {process.returncode}: {last}")
    found = json.loads(last)
    return str(found["skipped"]) if "skipped" in found else parse_figures(found)


def _read_newest() -> tuple[Release, Machine | None, str]:
    """Read the figures of the newest release that has some."""
    kept = sorted(RESULTS.glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])
    if not kept:
        return {}, None, ""
    release, machine = read_release(kept[-1])
    return release, machine, kept[-1].stem


def _lay_out(now: Release, before: Release) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head, kept = ("benchmark", "figure", "median", "least to most", "aim", "", "before"), list_figures(before)
    rows = [_lay_out_one(key[0], each, kept.get(key)) for key, each in list_figures(now).items()]
    return head, rows


def _lay_out_one(name: str, series: Series, before: Series | None) -> tuple[str, ...]:
    figure = series.figure
    bound = "at least" if figure.better == "higher" else "at most"
    aim = "" if figure.aim is None else f"{bound} {figure.aim:g}"
    verdict = {None: "", True: "met", False: "missed"}[figure.is_met]
    old = "" if before is None else f"{before.figure.value:.3g}"
    value = f"{figure.value:.3g} {figure.unit}".rstrip()
    return name, figure.name, value, f"{series.low:.3g} to {series.high:.3g}", aim, verdict, old


if __name__ == "__main__":
    sys.exit(main())
