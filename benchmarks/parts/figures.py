"""What a benchmark reports to `python -m benchmarks`: figures with their aims, over several runs and releases."""

import json
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import cpu_count
from pathlib import Path
from typing import Any, Literal, Self

from command import Result

MOST_SLOWER = 1.2
"""A figure that is this many times worse than the kept one is named."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """One figure of one run.

    Attributes:
        name: what was measured, unique in its benchmark.
        value: as measured.
        better: which way is better.
        unit: what the value counts; empty for a ratio against another way in the same run.
        aim: the value to reach, if there is one.
    """

    name: str
    value: float
    better: Better
    unit: str = ""
    aim: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; None where there is no aim."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.better == "higher" else self.value <= self.aim


@dataclass(frozen=True)
class Machine:
    """Where figures were measured: those with a unit are compared on the same kind of machine alone."""

    processor: str
    cores: int

    @classmethod
    def here(cls) -> Self:
        """Describe this machine."""
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        return cls(next(models, platform.processor()), cpu_count() or 1)


@dataclass(frozen=True)
class Series:
    """One figure over all runs.

    Attributes:
        figure: with the median as its value.
        low: least value of a run.
        high: greatest value of a run.
    """

    figure: Figure
    low: float
    high: float

    @classmethod
    def over(cls, runs: Sequence[Figure]) -> Self:
        """Put the runs of one figure together."""
        values = [each.value for each in runs]
        return cls(replace(runs[0], value=statistics.median(values)), min(values), max(values))

    def slowdown(self, before: "Series") -> float:
        """Return how many times worse it is than before; below 1 it is better, infinite where it was or became 0."""
        worse, better = self.figure.value, before.figure.value
        if self.figure.better == "higher":
            worse, better = better, worse
        if worse == better:
            return 1.0
        return worse / better if better > 0 else float("inf")


Release = dict[str, list[Series]]
"""The figures of each benchmark."""


def list_figures(release: Release) -> dict[tuple[str, str], Series]:
    """List all figures by benchmark and name."""
    return {(name, each.figure.name): each for name, figures in release.items() for each in figures}


def report(figures: Iterable[Figure], words: str = "") -> Result:
    """End a benchmark with its figures."""
    return Result(words, {"figures": [asdict(each) for each in figures]})


def skip(reason: str) -> Result:
    """End a benchmark that cannot run here, with the reason."""
    return Result(f"skipped: {reason}", {"skipped": reason})


def parse_figures(found: Mapping[str, Any]) -> list[Figure]:
    """Read what `report` wrote."""
    return [Figure(**each) for each in found["figures"]]


def gather(runs: Sequence[Sequence[Figure]]) -> list[Series]:
    """Put the runs of a benchmark together, in the order of the first one.

    Raises:
        ValueError: a run lacks a figure that another one has, or has one twice.
    """
    by_name = [{each.name: each for each in run} for run in runs]
    if any(list(named) != [each.name for each in runs[0]] for named in by_name):
        raise ValueError("its runs report different figures")
    return [Series.over([named[name] for named in by_name]) for name in by_name[0]]


def find_slower(now: Release, before: Release, *, on_the_same_machine: bool) -> list[tuple[str, str, float]]:
    """Find what got worse by more than a fifth.

    Args:
        now: figures of this run.
        before: the kept ones.
        on_the_same_machine: whether figures with a unit can be compared too.

    Returns:
        Benchmark, figure and how many times worse it is.
    """
    kept, found = list_figures(before), []
    for (benchmark, name), each in list_figures(now).items():
        old = kept.get((benchmark, name))
        if old is None or (each.figure.unit and not on_the_same_machine):
            continue
        if (slowdown := each.slowdown(old)) > MOST_SLOWER:
            found.append((benchmark, name, slowdown))
    return found


def write_release(path: Path, release: Release, machine: Machine) -> None:
    """Keep the figures of a release; those of benchmarks that did not run now stay as they were, on this machine."""
    kept = read_release(path) if path.exists() else (release, machine)
    merged = (kept[0] if kept[1] == machine else {}) | release
    figures = {name: [asdict(each) for each in merged[name]] for name in sorted(merged)}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": asdict(machine), "figures": figures}, indent=1) + "\n", encoding="utf-8")


def read_release(path: Path) -> tuple[Release, Machine]:
    """Read kept figures.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        figures = {
            name: [Series(Figure(**each["figure"]), each["low"], each["high"]) for each in series]
            for name, series in found["figures"].items()
        }
        return figures, Machine(**found["machine"])
    except (KeyError, TypeError, json.JSONDecodeError) as err:
        raise ValueError(f"{path} holds no figures of a release ({err}); take it back from git") from err
