"""More versions for the shared installation, made from its first one in a second instead of trained for a minute."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from mlflow import MlflowClient
from onnx import numpy_helper

from features.snapshot.tables import Snapshot
from features.store import MLStore
from settings import Settings
from training.ranking.ranker import Ranker
from training.version.files import GOLDEN, MODEL, open_session, write_golden, write_manifest

FIRST = 1
SCALE = 1.05

Answer = list[tuple[int, float]]


def connect(settings: Settings) -> MlflowClient:
    return MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_tracking_uri)


def register(settings: Settings, change: Callable[[Path], None], tags: dict[str, str] | None = None) -> int:
    """Register a changed copy of the first version, past all checks, as somebody with a client of MLflow could.

    Returns:
        The new version's number.
    """
    return name_version(settings, log_copy(settings, change), tags)


def log_copy(settings: Settings, change: Callable[[Path], None]) -> str:
    """Log a changed copy of the first version's files; returns their run."""
    client = connect(settings)
    run = client.create_run(client.get_experiment_by_name("wide_deep").experiment_id)
    first_run = client.get_model_version(settings.model_name, str(FIRST)).run_id
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(client.download_artifacts(first_run, "model", scratch))
        change(folder)
        client.log_artifacts(run.info.run_id, str(folder), "model")
    return str(run.info.run_id)


def name_version(settings: Settings, run_id: str, tags: dict[str, str] | None = None) -> int:
    """Register a run's files; returns the version's number."""
    created = connect(settings).create_model_version(
        settings.model_name, f"runs:/{run_id}/model", run_id, tags=tags or {}
    )
    return int(created.version)


def score_otherwise(folder: Path) -> None:
    """Scale the network's weights: a sound version whose scores are its own."""
    network = onnx.load(folder / MODEL)
    for weights in network.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.ndim == 2:
            weights.CopyFrom(numpy_helper.from_array(values * np.float32(SCALE), weights.name))
    onnx.save(network, folder / MODEL)
    golden = json.loads((folder / GOLDEN).read_text())["inputs"]
    inputs = {name: np.array(value["rows"], dtype=value["dtype"]) for name, value in golden.items()}
    write_golden(folder, open_session(folder / MODEL), inputs)
    write_manifest(folder)


def expect_answers(settings: Settings, version: int, user_ids: list[int], k: int) -> dict[int, Answer]:
    """Rank as a version must, from the files that the model server has of it."""
    ranker = Ranker.load(settings.var_dir / "models" / str(version))
    snapshot = Snapshot.open(MLStore(settings.ml_store_uri))
    answers: dict[int, Answer] = {user: [] for user in user_ids}
    for row in ranker.rank(snapshot, np.array(user_ids), k).iter_rows(named=True):
        answers[row["user_id"]].append((row["product_id"], row["score"]))
    return answers
