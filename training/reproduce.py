"""Trains a registered version again from its recorded inputs and compares.

    python -m training.reproduce 3

Same table versions, settings and definitions give the same weights on the same kind of machine; exit code 1 if not.
"""

import argparse
import logging
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from command import Command, Result
from features.definitions import hash_definitions
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.config import load_config
from training.data.shops import load_shop
from training.evaluation.lists import METRICS_PREFIX, evaluate_ranker
from training.fit import fit
from training.ranking.ranker import Ranker
from training.registry.client import PROCESSES, Registry, connect
from training.registry.copies import fetch_copy
from training.registry.errors import RegistryError
from training.version.files import CONFIG, HOLDOUT, MODEL, ArtefactError, hash_file

TABLE_PREFIX = "table."


def reproduce(registry: Registry, store: MLStore, models: Path, version: int) -> list[tuple[str, object, object]]:
    """Train a version again.

    Args:
        registry: where it is registered.
        store: the ML store, with the table versions that the version recorded.
        models: folder of downloaded versions.
        version: number.

    Returns:
        One row a comparison: what, as registered, as trained again.

    Raises:
        RegistryError: there is no such version.
        ArtefactError: its files are not what was registered, or it was trained by other feature definitions.
        StoreError: a recorded table version is gone.
    """
    params = registry.run_of(version)
    if params["feature_hash"] != hash_definitions():
        raise ArtefactError(
            f"Version {version} reads features {params['feature_hash']}, this code defines {hash_definitions()}: "
            "check out the commit that trained it."
        )
    if PROCESSES in params:
        raise ArtefactError(
            f"Version {version} was trained by {params[PROCESSES]} processes together, which round otherwise than one: "
            "it cannot be trained again to the bit."
        )
    folder = fetch_copy(registry, version, models)
    versions = {
        name.removeprefix(TABLE_PREFIX): int(value) for name, value in params.items() if name.startswith(TABLE_PREFIX)
    }
    config = load_config(folder / CONFIG)
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as lines:
        shop = load_shop(store, datetime.fromisoformat(params["as_of"]), versions, Path(lines), config.optimiser.seed)
        fitted = fit(shop, config, Path(scratch) / "version", _log_epoch)
        again = evaluate_ranker(
            fitted.evaluation_window, fitted.evaluation_users, Ranker.load(fitted.folder, is_holdout=True)
        ).summarise()
        rows: list[tuple[str, object, object]] = [
            (f"SHA-256 of {name}", hash_file(folder / name)[:16], hash_file(fitted.folder / name)[:16])
            for name in (MODEL, HOLDOUT, "encoder.json")
        ]
    registered = registry.metrics_of(version)
    return rows + [(name, registered.get(METRICS_PREFIX + name), value) for name, value in sorted(again.items())]


def _log_epoch(epoch: int, metrics: dict[str, float]) -> None:
    logging.getLogger(__name__).info("epoch=%d ndcg_at_20=%.4f", epoch, metrics["ndcg_at_20"])


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.reproduce", __doc__, has_json=True, has_logs=True)
    command.add_argument("version", type=int, help="number of the registered version")
    return command.run(_compare, arguments, (OSError, StoreError, ValueError, RegistryError, ArtefactError))


def _compare(options: argparse.Namespace) -> Result:
    settings = load_settings()
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    rows = reproduce(registry, MLStore.of(settings), settings.var_dir / "models", options.version)
    is_equal = all(before == after for _, before, after in rows)
    lines = [
        f"{'same' if before == after else 'DIFFERS':8} {name:36} {before!s:20} {after!s}"
        for name, before, after in rows
    ]
    return Result("\n".join(lines), {"version": options.version, "is_equal": is_equal}, code=0 if is_equal else 1)


if __name__ == "__main__":
    sys.exit(main())
