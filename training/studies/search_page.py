"""Report of a hyper-parameter search: its trials, the best settings, and their gain over the present ones.

The best of many trials looks better than it is on the users who chose it, so it is compared on those who did not.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import yaml
from optuna.trial import FrozenTrial, TrialState

from training.config import TrainingConfig
from training.data.windows import Window
from training.evaluation.metrics import bootstrap_interval
from training.model.trainer import STOPPING_METRICS

ROLE = "role"
CURRENT, REPEAT = "current", "repeat"
"""The settings as they stand, and again from another seed: what luck alone is worth."""

Difference = dict[str, list[float]]


def summarise(study: optuna.Study, out: Path) -> dict[str, Any]:
    """Collect the finished trials and compare the best one, and the repeat, with the present settings.

    Returns:
        Plain JSON: `trials`, best first; `best`, a trial's number; `gains` over the present settings on the users
        held out, by `best` and `repeat` and by metric: mean, low and high end of the 95% interval.
    """
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    by_role = {trial.user_attrs.get(ROLE): trial for trial in complete}
    best = max((one for one in complete if one.user_attrs.get(ROLE) != REPEAT), key=_score)
    gains = {}
    if CURRENT in by_role:
        rivals = {"best": best, **({REPEAT: by_role[REPEAT]} if REPEAT in by_role else {})}
        gains = {name: _compare(out, trial, by_role[CURRENT]) for name, trial in rivals.items()}
    ordered = sorted(finished, key=_score, reverse=True)
    return {"trials": [_describe(trial) for trial in ordered], "best": best.number, "gains": gains}


def write_page(evidence: dict[str, Any], window: Window, config: TrainingConfig, num_held_out: int) -> str:
    """Lay the evidence out as a page (Markdown), the best settings as YAML to paste into config.yaml."""
    best = next(trial for trial in evidence["trials"] if trial["number"] == evidence["best"])
    names = list(best["values"])
    lines = [
        "# Search of settings",
        "",
        f"{datetime.now(UTC):%Y-%m-%d} · {'to be evaluated at other cuts' if _list_gains(evidence) else 'left'}",
        "",
        f"Made by `.venv/bin/python -m training.studies.search --as-of {window.end:%Y-%m-%d} --members "
        f"{config.model.num_members}`: the {len(evidence['trials'])} trials that ended, best first.",
        f"Each learns from windows that end by {window.start:%Y-%m-%d} and is evaluated on the "
        f"{config.data.horizon_days} days from then on; nothing later is read.",
        f"Half of the window's users guide the search, the other {num_held_out:,} say what the best settings gain.",
        "`current` is config.yaml as it stood, `repeat` the same from another seed. Pruned ones lay behind the median.",
        "",
        "| trial | " + " | ".join([name.partition(".")[2] for name in names] + list(STOPPING_METRICS)) + " | |",
        "|---" * (len(names) + len(STOPPING_METRICS) + 2) + "|",
        *(_write_trial(trial, names) for trial in evidence["trials"]),
        "",
        f"Best settings on the guiding users (trial {best['number']}):",
        "",
        "```yaml",
        *_nest(best["values"]).splitlines(),
        "```",
        "",
        "Gain over `current` on the users held out, paired, with 95% bootstrap intervals:",
        "",
        "| | " + " | ".join(STOPPING_METRICS) + " |",
        "|---" * (len(STOPPING_METRICS) + 1) + "|",
        *(_write_gain(name, gain) for name, gain in evidence["gains"].items()),
        "",
        _evaluate(evidence),
    ]
    return "\n".join(lines) + "\n"


def _score(trial: FrozenTrial) -> float:
    return trial.value if trial.value is not None else -1.0


def _describe(trial: FrozenTrial) -> dict[str, Any]:
    kept = trial.user_attrs
    note = kept.get(ROLE, "pruned" if trial.state == TrialState.PRUNED else "")
    return {
        "number": trial.number,
        "note": note,
        "values": kept["values"],
        "metrics": kept.get("metrics", {}),
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
    }


def _compare(out: Path, trial: FrozenTrial, current: FrozenTrial) -> Difference:
    theirs, ours = _load(out, current), _load(out, trial)
    found = {}
    for metric, name in zip(STOPPING_METRICS, ("ndcg", "discovery_ndcg"), strict=True):
        difference = ours[name] - theirs[name]
        found[metric] = [float(difference.mean()), *bootstrap_interval(difference)]
    return found


def _load(out: Path, trial: FrozenTrial) -> Any:
    return np.load(out / f"trial_{trial.number}.npz", allow_pickle=False)


def _write_trial(trial: dict[str, Any], names: list[str]) -> str:
    values = [f"{trial['values'][name]:.3g}" for name in names]
    metrics = [f"{trial['metrics'][name]:.4f}" if trial["metrics"] else "" for name in STOPPING_METRICS]
    return f"| {trial['number']} | " + " | ".join([*values, *metrics, trial["note"]]) + " |"


def _write_gain(name: str, gain: Difference) -> str:
    cells = [f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]" for mean, low, high in gain.values()]
    return f"| {name} | " + " | ".join(cells) + " |"


def _nest(values: dict[str, Any]) -> str:
    parts: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        part, _, key = name.partition(".")
        parts.setdefault(part, {})[key] = value
    return yaml.safe_dump(parts, sort_keys=False)


def _evaluate(evidence: dict[str, Any]) -> str:
    if better := _list_gains(evidence):
        names = " and ".join(better)
        return f"The gain in {names} is more than chance in this window: evaluate the settings at other cuts next."
    return "No kind of list gains beyond chance without loss in the other: config.yaml stays as it is."


def _list_gains(evidence: dict[str, Any]) -> list[str]:
    """List the metrics in which the best settings beat chance: an interval above zero, a gain beyond a reseeding's.

    Returns:
        Their names; none where another metric falls.
    """
    best, luck = evidence["gains"].get("best", {}), evidence["gains"].get(REPEAT, {})
    if any(high < 0 for _, _, high in best.values()):
        return []
    return [
        name for name, (mean, low, _) in best.items() if low > 0 and (name not in luck or mean > abs(luck[name][0]))
    ]
