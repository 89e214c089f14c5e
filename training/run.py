"""Hops 3 and 4: trains on what was known before an instant, evaluates, registers, and promotes where it may.

    python -m training.run --as-of 2026-11-22T00:00:00+00:00
    torchrun --standalone --nproc-per-node 2 -m training.run --as-of 2026-11-22T00:00:00+00:00

The same logical run (instant, table versions, settings, definitions) registers one version, however often it runs.
With `torchrun` several processes train together, on one machine or on several; theirs is another version.
"""

import argparse
import hashlib
import json
import logging
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from command import Command, Result, parse_instant
from features.clock import latest_midnight
from features.definitions import hash_definitions
from features.pins import pin, unpin
from features.store import MLStore
from features.store_failures import StoreError
from settings import Settings, load_settings
from training.config import TrainingConfig, load_config
from training.data.shops import Shop, load_shop
from training.evaluation.lists import METRICS_PREFIX
from training.fit import Fitted, TooLittleDataError, fit, reopen
from training.gate.model_card import describe_run, describe_version
from training.gate.plots import draw_learning_curve, draw_trial
from training.gate.trial import find_rival, hold_trial
from training.model.replicas import Replicas, join_replicas
from training.model.trainer import follow
from training.registry.after_registration import settle
from training.registry.client import CHAMPION, FINGERPRINT, PROCESSES, Registry, connect, link_version
from training.registry.datasets import describe_inputs
from training.registry.eligibility import FLAGS, REASON, VERDICT
from training.registry.errors import RegistryError
from training.registry.installation import read_installation
from training.registry.mlflow_run import Run
from training.registry.resume import KeptTraining, TrainingUnderWayError
from training.registry.retention import name_owner, release_pins
from training.version.files import FORMAT, ArtefactError

FAILURES = (
    OSError,
    StoreError,
    ValueError,
    RegistryError,
    ArtefactError,
    SQLAlchemyError,
    TrainingUnderWayError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AirflowRun:
    """The run of a workflow that trains: its id and the address of its task."""

    run_id: str
    url: str

    def to_tags(self) -> dict[str, str]:
        """Say it on MLflow's run: as tags to search by, and as a link in its description."""
        note = f"Trained by [{self.run_id}]({self.url}) in Airflow."
        return {"airflow.run_id": self.run_id, "airflow.url": self.url, "mlflow.note.content": note}


def run_training(
    settings: Settings,
    registry: Registry,
    config: TrainingConfig,
    as_of: datetime,
    airflow: AirflowRun | None = None,
) -> dict[str, object]:
    """Train, evaluate, register, and move the aliases that may move.

    A run that MLflow failed keeps what it trained, and resumes with the registration.

    Args:
        settings: folders and addresses.
        registry: where the version goes.
        config: how to train.
        as_of: the instant that the run belongs to.
        airflow: the run of the workflow that trains, None for a training by hand.

    Returns:
        version, verdict, reason, is_new (False where the same logical run was registered before), champion, page (of
        the version in MLflow), metrics.

    Raises:
        StoreError: the shop was never synced.
        TooLittleDataError: its history is too short, or nobody bought lately.
        RegistryError: MLflow could not be reached.
        TrainingUnderWayError: another process trains the same.
    """
    store = MLStore.of(settings)
    versions = store.versions()
    inputs = {name: version for name, version in versions.items() if not name.startswith("snapshot")}
    tables = {f"table.{name}": version for name, version in inputs.items()}
    identity = {"as_of": as_of.isoformat(), "feature_hash": hash_definitions(), "artefact_format": FORMAT}
    shared = {PROCESSES: num_processes} if (num_processes := Replicas.current().size) > 1 else {}
    params = {**identity, **config.flatten(), **tables, **shared}
    fingerprint = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()[:16]
    owner = name_owner(settings.model_name, fingerprint)
    pin(store, owner, inputs, as_of)  # before it is needed: nothing goes meanwhile
    kept = KeptTraining(settings.var_dir / "training" / fingerprint)
    with kept.lock():
        known = registry.find_version(fingerprint)
        if known is None:
            tags = {FINGERPRINT: fingerprint, **(airflow.to_tags() if airflow else {})}
            try:
                with registry.start_run(f"as of {as_of:%Y-%m-%d}", params, tags) as run:
                    run.log_inputs(describe_inputs(store, inputs, as_of))
                    with kept.scratch() as scratch:
                        shop = load_shop(store, as_of, versions, scratch, config.optimiser.seed)
                        fitted = _fit(run, shop, config, kept)
                    version = _evaluate_and_register(registry, run, fitted, fingerprint, settings)
            except TooLittleDataError:
                unpin(store, owner)  # whatever else failed is tried again, with these inputs
                raise
            kept.discard()
        else:
            logger.info("already registered version=%d fingerprint=%s", known, fingerprint)
            version = known
    settle(registry, version, settings)
    release_pins(registry, store)
    page = link_version(settings.mlflow_ui, settings.model_name, version)
    return _summarise(registry, version, is_new=known is None) | {"page": page}


def _fit(run: Run, shop: Shop, config: TrainingConfig, kept: KeptTraining) -> Fitted:
    """Train, logging each epoch and the learning curve; or take up what was trained before MLflow failed."""
    epochs = kept.load_epochs()
    if epochs is not None:
        logger.info("taking up what was trained before folder=%s", kept.version)
        fitted = reopen(shop, config, kept.version)
    else:
        epochs = []
        kept.begin()
        fitted = fit(shop, config, kept.version, partial(_note_epoch, epochs))
        kept.finish(epochs)
    if len(fitted.evaluation_users) == 0:
        raise TooLittleDataError(
            f"Nobody who was known before {fitted.evaluation_window.start:%Y-%m-%d} bought anything from then to "
            f"{fitted.evaluation_window.end:%Y-%m-%d}, so no version can be evaluated: sync newer orders, or choose "
            "an earlier --as-of."
        )
    for number, metrics in enumerate(epochs, start=1):
        run.log_metrics(metrics, number)
    run.log_figure(draw_learning_curve(epochs), "plots/learning_curve.png")
    return fitted


def _note_epoch(epochs: list[dict[str, float]], _epoch: int, metrics: dict[str, float]) -> None:
    epochs.append(metrics)


def _evaluate_and_register(registry: Registry, run: Run, fitted: Fitted, fingerprint: str, settings: Settings) -> int:
    """Evaluate the version beside its rivals and register it with verdict, page and plots."""
    rival = find_rival(registry, registry.resolve_alias(CHAMPION), settings.var_dir / "models")
    trial = hold_trial(fitted, rival)
    run.log_metrics({f"{METRICS_PREFIX}{key}": value for key, value in trial.evidence.challenger.summarise().items()})
    for name, evaluation in trial.others.items():
        run.log_metrics({f"{name}.{key}": value for key, value in evaluation.summarise().items()})
    run.log_text(describe_run(fitted, trial), "report.md")
    for name, figure in draw_trial(trial, fitted).items():
        run.log_figure(figure, f"plots/{name}.png")
    verdict = trial.verdict
    tags = {FINGERPRINT: fingerprint, VERDICT: verdict.decision, REASON: verdict.reason}
    if verdict.flags:
        tags[FLAGS] = "; ".join(verdict.flags)
    installation = read_installation(settings.var_dir)
    if installation.identifier:  # where the model was renamed, this registration makes another
        registry.write_mark(installation.mark)
    version = registry.register(run, fitted.folder, describe_version(fitted, trial, run.run_id), tags)
    logger.info("registered version=%d verdict=%s reason=%s", version, verdict.decision, verdict.reason)
    return version


def _summarise(registry: Registry, version: int, *, is_new: bool) -> dict[str, object]:
    tags = registry.tags(version)
    return {
        "version": version,
        "is_new": is_new,
        "verdict": tags.get("verdict"),
        "reason": tags.get("reason"),
        "champion": registry.resolve_alias(CHAMPION),
        "metrics": {
            name.removeprefix(METRICS_PREFIX): round(value, 4)
            for name, value in registry.metrics_of(version).items()
            if name.startswith(METRICS_PREFIX)
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    with join_replicas() as replicas:
        if replicas.rank == 0:
            return _lead(arguments)
        follow()
    return 0


def _lead(arguments: list[str] | None) -> int:
    command = Command("training.run", __doc__, has_json=True, has_logs=True)
    command.add_argument("--as-of", type=parse_instant, default=None, help="instant, UTC; default: the last midnight")
    command.add_argument("--config", type=Path, default=None, help="settings; default: training/config.yaml")
    command.add_argument("--airflow-run", nargs=2, metavar=("ID", "URL"), help="run of the workflow that trains")
    return command.run(_run, arguments, FAILURES)


def _run(options: argparse.Namespace) -> Result:
    settings = load_settings()
    started = time.perf_counter()
    config = load_config(options.config) if options.config else load_config()
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    registry.require_own(read_installation(settings.var_dir))
    airflow = AirflowRun(*options.airflow_run) if options.airflow_run else None
    summary = run_training(settings, registry, config, options.as_of or latest_midnight(), airflow)
    summary["seconds"] = round(time.perf_counter() - started, 1)
    return Result("\n".join(f"{key:10} {value}" for key, value in summary.items()), summary)


if __name__ == "__main__":
    sys.exit(main())
