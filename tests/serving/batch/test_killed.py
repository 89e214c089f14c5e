"""Kill -9 at each step of a publication: shoppers see the old batch or the new one, and the next run makes it good."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from serving.batch.batch_state import fetch_pointed_batch
from shop.database import session_scope
from shop.tables import RecommendationBatch
from tests.serving.ranked import publish, ranked
from tests.serving.stored_lists import read_stored_rows

OLD = {1: [1, 3, 5], 2: [5, 3, 1], 3: [3, 1, 6]}
NEW = {1: [5, 6, 1], 2: [6, 1, 5], 3: [1, 5, 3]}
ROOT = Path(__file__).resolve().parents[3]

VICTIM = """
import os, signal, sys
from sqlalchemy import event
from shop.database import open_engine
from tests.serving.ranked import publish

engine = open_engine(sys.argv[1])
moment, last = sys.argv[2], int(sys.argv[3])
seen = 0

@event.listens_for(engine, moment)
def die(*_):
    global seen
    seen += 1
    if seen == last:
        os.kill(os.getpid(), signal.SIGKILL)

publish(engine, "2", {1: [5, 6, 1], 2: [6, 1, 5], 3: [1, 5, 3]})
print("done")
"""


def run_victim(url: str, moment: str, last: int) -> subprocess.CompletedProcess[str]:
    """Publish in another process, killed by itself at the given begin or commit of a transaction."""
    return subprocess.run(
        [sys.executable, "-c", VICTIM, url, moment, str(last)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_a_kill_at_any_transaction_leaves_one_whole_batch(tiny_shop: Engine, sqlite_url: str, moment: str) -> None:
    old = publish(tiny_shop, "1", OLD)
    kills = 0

    for last in range(1, 40):
        victim = run_victim(sqlite_url, moment, last)
        pointed = fetch_pointed_batch(tiny_shop)
        assert pointed is not None
        lists = read_stored_rows(tiny_shop, pointed)
        assert lists.equals(ranked(OLD if pointed == old.batch_id else NEW))
        if victim.returncode == 0:
            break
        assert victim.returncode == -signal.SIGKILL, victim.stderr
        kills += 1

    assert victim.stdout == "done\n"
    assert kills >= 4
    with session_scope(tiny_shop) as session:
        states = dict(session.execute(select(RecommendationBatch.model_version, RecommendationBatch.state)).all())
    assert states == {"1": "published", "2": "published"}
