"""docs/how-to/add-a-feature.md: what it adds reaches snapshot, training inputs and reasons."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from features.definitions import hash_definitions, list_names
from features.store import MLStore
from tests.docs.test_how_tos import FENCE, NOT_COPIED, ROOT, SECTION, follow

PAGE = ROOT / "docs" / "how-to" / "add-a-feature.md"
LIMIT_SECONDS = 300

DESCRIBE = """
import json, sys
from datetime import timedelta
import numpy as np
from features.definitions import hash_definitions
from features.ranking.candidates import draw_candidates
from features.rebuild import build_snapshot
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.samples import build_rows, choose_users, fit_window_encoder
from training.data.windows import open_window
from training.fit import measure_inputs
from training.ranking.reasons import cite

purchases, config = load_purchases(MLStore(sys.argv[1]), AS_OF), SMALL_CONFIG.data
snapshot = build_snapshot(purchases)
window = open_window(purchases, AS_OF - timedelta(days=28), 28)
encoder = fit_window_encoder(window, config, 50, seed=1)
rows = build_rows(window, encoder, choose_users(window, config, seed=1), config, seed=1)
candidates = draw_candidates(snapshot.arrays, np.arange(20), 100)

def list_reasons(name, is_of_new):  # of a model that knows nothing else
    pairs = candidates.take(candidates.history_rows < 0) if is_of_new else candidates
    values = np.nan_to_num(pairs.column(name))
    reasons = cite(pairs, values, lambda pairs: np.nan_to_num(pairs.column(name)))
    return sorted(set(reasons[values > 0]))

print(json.dumps({
    "hash": hash_definitions(),
    "history": snapshot.history.columns,
    "widths": [rows.pair_features.shape[-1], measure_inputs(encoder).pair_features],
    "reasons": {
        "pair_orders_182d": list_reasons("pair_orders_182d", is_of_new=False),
        "pair_type_orders": list_reasons("pair_type_orders", is_of_new=True),
    },
}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the packages with the page's lines in it."""
    for name in ("features", "settings", "training", "shop", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=NOT_COPIED)
    for path in ROOT.glob("*.py"):
        shutil.copy2(path, tmp_path / path.name)
    for section in SECTION.finditer(PAGE.read_text(encoding="utf-8")):
        for fence in FENCE.finditer(section["body"]):
            follow(tmp_path / section["path"], fence["kind"], fence["text"])
    return tmp_path


def test_features_of_pairs_reach_snapshot_training_and_reasons(project: Path, synthetic_store: MLStore) -> None:
    command = [sys.executable, "-c", DESCRIBE, synthetic_store.uri]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)

    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    width = len(list_names("pair")) + len(list_names("product")) + 2
    assert found["widths"] == [width, width]
    assert found["hash"] != hash_definitions()  # versions trained without them refuse snapshots that have them
    assert "pair_orders_182d" in found["history"]
    assert "pair_type_orders" not in found["history"]
    assert found["reasons"] == {"pair_orders_182d": ["bought_before"], "pair_type_orders": ["favourite_type"]}
