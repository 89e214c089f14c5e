"""Several processes that train together: equal weights, as good as those of one, and all end when one dies."""

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.config import TrainingConfig
from training.data.row_files import RowFiles
from training.data.samples import fit_window_encoder
from training.data.window_files import write_windows
from training.data.windows import list_window_starts, open_window
from training.evaluation.networks import encode_chunks, evaluate_network
from training.fit import measure_inputs
from training.model.trainer import to_tensors, train
from training.model.wide_deep import Ensemble

ROOT = Path(__file__).parents[3]
SEEDS = (31, 32, 33)
TRAIN = """
import pickle, sys
from pathlib import Path
from training.data.row_files import RowFiles
from training.model.replicas import join_replicas
from training.model import trainer

folder = Path(sys.argv[1])
train = trainer.train
def train_and_keep(*args, **kwargs):
    trained = train(*args, **kwargs)
    (folder / f"weights-{replicas.rank}").write_bytes(pickle.dumps(trained.model.state_dict()))
    return trained
trainer.train = train_and_keep
with join_replicas() as replicas:
    if replicas.rank == 0:
        sizes, config = pickle.loads((folder / "told").read_bytes())
        trainer.train_together(sizes, trainer.to_tensors(RowFiles(folder).read()), config)
    else:
        trainer.follow()
"""
WAIT = """
import os, sys, time
from pathlib import Path
from training.model.replicas import join_replicas
from training.model.trainer import follow
with join_replicas() as replicas:
    (Path(sys.argv[1]) / f"pid-{replicas.rank}").write_text(str(os.getpid()))
    time.sleep(100) if replicas.rank == 0 else follow()
"""

Judge = Callable[[Ensemble], float]


def start(code: str, folder: Path) -> subprocess.Popen[bytes]:
    script = folder / "script.py"
    script.write_text(code)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        str(script),
        str(folder),
    ]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.fixture(scope="module")
def ground(synthetic_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Judge]:
    """Rows of two windows in a folder, with what else is told, and what ranks a later window with a network."""
    folder, data, config = tmp_path_factory.mktemp("rows"), SMALL_CONFIG.data, SMALL_CONFIG
    purchases, cut = load_purchases(synthetic_store, AS_OF), AS_OF - timedelta(days=data.horizon_days)
    window = open_window(purchases, cut, data.horizon_days)
    encoder = fit_window_encoder(window, data, config.model.vocabulary_size, seed=31)
    write_windows(purchases, list_window_starts(purchases, cut, data), window, encoder, data, 31, folder)
    sizes = measure_inputs(encoder)
    config = config.with_categories(sizes.num_categories)
    (folder / "told").write_bytes(pickle.dumps((sizes, config)))
    chunks = list(encode_chunks(window, window.users_with_labels(), encoder, data.num_candidates))
    return folder, lambda model: float(evaluate_network(window, chunks, model).ndcg.mean())


def train_alone(folder: Path, seed: int) -> Ensemble:
    sizes, config = pickle.loads((folder / "told").read_bytes())
    seeded: TrainingConfig = config.replace({"optimiser.seed": seed})
    return train(sizes, to_tensors(RowFiles(folder).read()), seeded).model


def test_two_processes_train_what_one_does_within_the_spread_of_seeds(ground: tuple[Path, Judge]) -> None:
    folder, judge = ground
    alone = [train_alone(folder, seed) for seed in SEEDS]
    with start(TRAIN, folder) as process:
        assert process.wait(timeout=200) == 0
    weights, others = (pickle.loads((folder / f"weights-{rank}").read_bytes()) for rank in range(2))
    together = alone[0]
    of_one = [judge(model) for model in alone]
    together.load_state_dict(weights)

    assert all(weights[name].equal(others[name]) for name in weights)
    spread = max(of_one) - min(of_one)
    assert min(of_one) - spread < judge(together) < max(of_one) + spread


def test_all_end_when_one_dies(tmp_path: Path) -> None:
    with start(WAIT, tmp_path) as process:
        paths = [tmp_path / f"pid-{rank}" for rank in range(2)]
        deadline = time.monotonic() + 100
        while not all(path.exists() and re.fullmatch(r"\d+", path.read_text()) for path in paths):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        leader, follower = (psutil.Process(int(path.read_text())) for path in paths)
        follower.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) != 0

    leader.wait(timeout=20)
