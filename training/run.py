"""Hops 3 and 4: trains on what was known before an instant, judges, registers, and promotes where it may.

    python -m training.run --as-of 2026-11-22T00:00:00+00:00

The same logical run (instant, table versions, settings, definitions) registers one version, however often it runs.
"""

import argparse
import hashlib
import json
import logging
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from features.clock import latest_midnight, parse_instant
from features.definitions import hash_definitions
from features.pins import pin
from features.purchases import Purchases, load_purchases
from features.store import MLStore, StoreError
from settings import Settings, load_settings
from training.artefact import ArtefactError
from training.baselines import BASELINES
from training.config import TrainingConfig, load_config
from training.describe import describe_version
from training.evaluate import Judgement, judge_baseline, judge_ranker
from training.fit import Fitted, TooLittleDataError, fit
from training.plots import draw_learning_curve, draw_lift, draw_reliability
from training.promotion import decide
from training.ranker import Ranker
from training.registry import CHALLENGER, CHAMPION, FINGERPRINT, Registry, RegistryError, Run, connect

logger = logging.getLogger(__name__)


def run_training(settings: Settings, registry: Registry, config: TrainingConfig, as_of: datetime) -> dict[str, object]:
    """Train, judge, register, and move the aliases that may move.

    Returns:
        version, verdict, reason, is_new (False where the same logical run was registered before), champion.

    Raises:
        StoreError: the shop was never synced.
        TooLittleDataError: its history is too short, or nobody bought lately.
        RegistryError: MLflow could not be reached.
    """
    store = MLStore(settings.ml_store_uri)
    versions = store.versions()
    inputs = {name: version for name, version in versions.items() if not name.startswith("snapshot")}
    tables = {f"table.{name}": version for name, version in inputs.items()}
    params = {"as_of": as_of.isoformat(), "feature_hash": hash_definitions(), **config.flatten(), **tables}
    fingerprint = hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()[:16]
    pin(store, f"{settings.model_name}/{fingerprint}", inputs, as_of)  # before it is needed: nothing goes meanwhile
    if (known := registry.find_version(fingerprint)) is not None:
        logger.info("already registered version=%d fingerprint=%s", known, fingerprint)
        return _summarise(registry, known, is_new=False)
    with (
        registry.start_run(f"as of {as_of:%Y-%m-%d}", params, {FINGERPRINT: fingerprint}) as run,
        tempfile.TemporaryDirectory() as scratch,
    ):
        fitted = _fit(run, load_purchases(store, as_of, versions), config, Path(scratch) / "version")
        version = _judge_and_register(registry, run, fitted, fingerprint, settings)
    return _summarise(registry, version, is_new=True)


def _fit(run: Run, purchases: Purchases, config: TrainingConfig, folder: Path) -> Fitted:
    """Train, logging each epoch and the learning curve."""
    epochs: list[dict[str, float]] = []

    def report(epoch: int, metrics: dict[str, float]) -> None:
        epochs.append(metrics)
        run.log_metrics(metrics, epoch)

    fitted = fit(purchases, config, folder, report)
    if len(fitted.judge_users) == 0:
        raise TooLittleDataError(
            f"Nobody who was known before {fitted.judging.start:%Y-%m-%d} bought anything from then to "
            f"{fitted.judging.end:%Y-%m-%d}, so no version can be judged: sync newer orders, or choose an earlier "
            "--as-of."
        )
    run.log_figure(draw_learning_curve(epochs), "plots/learning_curve.png")
    return fitted


def _judge_and_register(registry: Registry, run: Run, fitted: Fitted, fingerprint: str, settings: Settings) -> int:
    """Judge the version through the ranker that serves it, register it with the verdict, and move the aliases."""
    ours = judge_ranker(fitted.judging, fitted.judge_users, Ranker.load(fitted.folder))
    baselines = {name: judge_baseline(fitted.judging, fitted.judge_users, rank) for name, rank in BASELINES.items()}
    champion_version = registry.resolve_alias(CHAMPION)
    champion = _judge_champion(registry, champion_version, fitted, settings)
    verdict = decide(ours, champion, baselines)
    others = baselines | ({"champion": champion} if champion else {})
    description = describe_version(fitted, {"challenger": ours} | others, verdict, champion_version)
    _log_judgement(run, fitted, ours, others, description)
    tags = {FINGERPRINT: fingerprint, "verdict": verdict.decision, "reason": verdict.reason}
    version = registry.register(run, fitted.folder, description, tags)
    _validate(registry, version, settings)
    registry.set_alias(CHALLENGER, version)
    is_first = champion_version is None  # it serves whatever its verdict: the alternative is popular products alone
    if is_first or (verdict.decision == "promote" and settings.auto_promote):
        registry.set_alias(CHAMPION, version)
    logger.info("registered version=%d verdict=%s reason=%s", version, verdict.decision, verdict.reason)
    return version


def _log_judgement(run: Run, fitted: Fitted, ours: Judgement, others: dict[str, Judgement], description: str) -> None:
    run.log_metrics({f"judged.{key}": value for key, value in ours.summarise().items()})
    run.log_text(description, "report.md")
    run.log_figure(draw_lift(fitted, ours, others), "plots/lift_by_slice.png")
    if ours.reliability is not None:
        run.log_figure(draw_reliability(ours.reliability), "plots/reliability.png")


def _judge_champion(registry: Registry, version: int | None, fitted: Fitted, settings: Settings) -> Judgement | None:
    """Judge today's champion anew on the challenger's window; None where it cannot read these features."""
    if version is None:
        return None
    try:
        ranker = Ranker.load(registry.download(version, settings.var_dir / "models" / str(version)))
    except ArtefactError as err:
        logger.warning("champion cannot be judged version=%d reason=%s", version, err)
        return None
    if ranker.feature_hash != hash_definitions():
        logger.warning("champion reads other features version=%d feature_hash=%s", version, ranker.feature_hash)
        return None
    return judge_ranker(fitted.judging, fitted.judge_users, ranker)


def _validate(registry: Registry, version: int, settings: Settings) -> None:
    """Fetch what was registered, as serving will, score its golden rows, and only then tag it validated."""
    ranker = Ranker.load(registry.download(version, settings.var_dir / "models" / str(version)))
    registry.tag(version, "validated", f"golden rows within {ranker.check_golden():.1e}")


def _summarise(registry: Registry, version: int, *, is_new: bool) -> dict[str, object]:
    tags = registry.tags(version)
    return {
        "version": version,
        "is_new": is_new,
        "verdict": tags.get("verdict"),
        "reason": tags.get("reason"),
        "champion": registry.resolve_alias(CHAMPION),
        "metrics": {
            name.removeprefix("judged."): round(value, 4)
            for name, value in registry.metrics_of(version).items()
            if name.startswith("judged.")
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.run", description=__doc__.splitlines()[0])
    parser.add_argument("--as-of", type=parse_instant, default=None, help="instant, UTC; default: the last midnight")
    parser.add_argument("--config", type=Path, default=None, help="settings to train by; default: training/config.yaml")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    settings = load_settings()
    started = time.perf_counter()
    try:
        config = load_config(options.config) if options.config else load_config()
        registry = connect(settings.mlflow_tracking_uri, settings.model_name)
        summary = run_training(settings, registry, config, options.as_of or latest_midnight())
    except (OSError, StoreError, ValueError, RegistryError, ArtefactError) as err:
        sys.stderr.write(f"training.run: {err}\n")
        return 1
    summary["seconds"] = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps(summary) + "\n" if options.json else _format(summary))
    return 0


def _format(summary: dict[str, object]) -> str:
    return "".join(f"{key:10} {value}\n" for key, value in summary.items())


if __name__ == "__main__":
    sys.exit(main())
