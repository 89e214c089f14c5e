"""Benchmark of ranking: `python -m benchmarks.ranking [--users 2500] [--runs 3] [--version var/models/RUN]`.

Trains a short version on a generated shop of the demo's size, or takes an installation's newest snapshot and a version,
and ranks users in this process, all of them and one at a time. The limit stands beside it: the network and the top-k
alone, on candidates that were drawn and encoded before, in slices of the same size and with as many threads. They take
turns; the best run of each counts.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.model_server import AS_OF, LIST_LENGTH, make_version
from benchmarks.parts.figures import Figure, report
from command import Command, Result, say
from features.ranking.candidates import draw_candidates
from features.snapshot.arrays import Int64
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.data.inputs import EncodedSnapshot, ModelInputs, join_inputs
from training.ranking.chunks import USERS_AT_ONCE, map_chunks, slice_pairs
from training.ranking.ranker import Ranker
from training.ranking.topk import rank_top
from training.version.files import ArtefactError

NUM_RANKED = 8 * USERS_AT_ONCE
NUM_ALONE = 100
AIM_SHARE, AIM_RATE, AIM_MS = 0.5, 700.0, 6.0


class Limit:
    """What every ranking has to do: the network, and the best of each user."""

    def __init__(self, ranker: Ranker, snapshot: Snapshot, rows: Int64):
        """Draw and encode the candidates of users."""
        self._ranker = ranker
        encoded = EncodedSnapshot(ranker.encoder, snapshot.arrays)
        self._prepared: dict[int, tuple[Int64, list[ModelInputs[np.ndarray]]]] = {}
        for start in range(0, len(rows), USERS_AT_ONCE):
            chunk = rows[start : start + USERS_AT_ONCE]
            candidates, users = (
                draw_candidates(snapshot.arrays, chunk, ranker.num_candidates),
                encoded.encode_users(chunk),
            )
            owners = np.searchsorted(chunk, candidates.user_rows)
            inputs = [
                join_inputs(
                    users.take(some),
                    encoded.encode_pairs(candidates.take(theirs)),
                    owners[theirs] - some.start,
                )
                for some, theirs in slice_pairs(owners, len(chunk))
            ]
            self._prepared[int(chunk[0])] = owners, inputs

    def rank(self, chunk: Int64) -> None:
        """Score and sort one chunk of users."""
        owners, inputs = self._prepared[int(chunk[0])]
        scores = np.concatenate([self._ranker.run(each).product_scores for each in inputs])
        rank_top(owners, scores, LIST_LENGTH)


def measure(snapshot: Snapshot, ranker: Ranker, runs: int) -> list[Figure]:
    """Rank beside the limit, print what each takes, and return the figures."""
    user_ids = snapshot.user_ids()[:NUM_RANKED]
    rows = snapshot.arrays.find_users(user_ids)
    limit = Limit(ranker, snapshot, rows)
    ranker.rank(snapshot, user_ids[:USERS_AT_ONCE], LIST_LENGTH)
    ways: dict[str, Callable[[], object]] = {
        "ranker": lambda: ranker.rank(snapshot, user_ids, LIST_LENGTH),
        "network and top-k alone": lambda: map_chunks(limit.rank, rows),
    }
    times = np.array([[_time(way) for way in ways.values()] for _ in range(runs)]).min(axis=0)
    for name, (clock, core) in zip(ways, times, strict=True):
        say(f"{name}: {len(rows) / clock:.0f} users a second, {1000 * core / len(rows):.2f} ms of a core each")
    shares = times[1] / times[0]
    one_each = np.split(user_ids[:NUM_ALONE], NUM_ALONE)
    alone = 1000 * np.median([_time(partial(ranker.rank, snapshot, user, LIST_LENGTH)) for user in one_each], axis=0)
    say(f"one user: {alone[0]:.1f} ms, {alone[1]:.1f} of a core")
    return [
        Figure("share of the limit, clock", shares[0], "higher", aim=AIM_SHARE),
        Figure("share of the limit, core", shares[1], "higher", aim=AIM_SHARE),
        Figure("users ranked a second", len(rows) / times[0, 0], "higher", "/s", AIM_RATE),
        Figure("one user alone", alone[0], "lower", "ms", AIM_MS),
    ]


def _time(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor by all threads."""
    started, started_core = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - started_core


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.ranking", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=2500)
    command.add_argument("--runs", type=int, default=3)
    command.add_argument("--version", type=Path, help="folder of a version of the installation, instead of a new shop")
    return command.run(_measure, arguments, (OSError, StoreError, ArtefactError))


def _measure(chosen: argparse.Namespace) -> Result:
    if chosen.version is not None:
        snapshot = Snapshot.open(MLStore(load_settings().ml_store_uri))
        return report(measure(snapshot, Ranker.load(chosen.version), chosen.runs))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_version(home, chosen.users)
        snapshot = Snapshot.open(MLStore(str(home / "store")), AS_OF)
        return report(measure(snapshot, Ranker.load(home / "version"), chosen.runs))


if __name__ == "__main__":
    sys.exit(main())
