"""Model card: a version's description for reviewers, on one page, with the comparison at the top."""

from collections.abc import Iterator

import polars as pl

from training.evaluation.checks import Check
from training.evaluation.lists import K
from training.evaluation.metrics import PerUser, bootstrap_interval
from training.evaluation.slices import DISCOVERY, SliceGain
from training.fit import Fitted
from training.gate.markdown import format_table
from training.gate.trial import Trial

COLUMNS = {
    f"ndcg_at_{K}": f"NDCG@{K}",
    f"recall_at_{K}": f"recall@{K}",
    f"hit_rate_at_{K}": f"hit rate@{K}",
    f"discovery_ndcg_at_{K}": f"discovery NDCG@{K}",
    "num_products": "distinct products",
    "category_auc": "category AUC",
    "category_log_loss": "category log loss",
    "category_calibration_error": "calibration error",
}
WORST_CATEGORIES = 4
MAX_LENGTH = 5000
"""MLflow keeps no longer description in MySQL."""
HOW_TO = (
    "**To promote**: move the alias `champion` to this version (here, or `make promote VERSION=n`); lists and model "
    "server follow by themselves. **To take it back**: move the alias back, or `make rollback`. Leave the blue button "
    "*Promote model* alone: it copies this version into another registered model, and nothing is promoted."
)
OVERRIDE = (
    "**Refused versions do not serve**, even with the alias. If you know better, set the tag `override` on this "
    "version, with your reason as its value."
)


def describe_version(fitted: Fitted, trial: Trial, run_id: str) -> str:
    """Write the version's page (Markdown): verdict, everybody on the same users, slices, checks, plots.

    Args:
        fitted: the version and its evaluation window.
        trial: how it was evaluated.
        run_id: of the run that holds the plots and the whole report.
    """
    report = "\n".join([*_write_head(fitted, trial), *_write_slices(trial, WORST_CATEGORIES), *_write_checks(trial)])
    page = f"{report}\n\n{_link_plots(run_id)}"
    return page if len(page) <= MAX_LENGTH else page[: MAX_LENGTH - 4] + " ..."


def describe_run(fitted: Fitted, trial: Trial) -> str:
    """Write the whole report, which the run keeps: every category as well (Markdown)."""
    return "\n".join([*_write_head(fitted, trial), *_write_slices(trial, None), *_write_checks(trial)]) + "\n"


def _write_head(fitted: Fitted, trial: Trial) -> Iterator[str]:
    window, verdict = fitted.evaluation_window, trial.verdict
    yield f"**Verdict: {verdict.decision}.** {verdict.reason}"
    yield ""
    yield from (f"- Flag: {flag}" for flag in verdict.flags)
    yield f"{'' if not verdict.flags else chr(10)}{OVERRIDE if verdict.decision == 'refuse' else HOW_TO}"
    yield ""
    against = f"version {trial.champion_version}" if trial.champion_version else "none"
    yield (
        f"Everybody scored anew on the same {len(fitted.evaluation_users):,} users over [{window.start:%Y-%m-%d}, "
        f"{window.end:%Y-%m-%d}), by holdout models that did not see it. Champion: {against}."
    )
    yield ""
    yield from format_table(_compare_all(trial))
    yield ""
    yield from format_table(_list_differences(trial))


def _compare_all(trial: Trial) -> pl.DataFrame:
    evaluations = {"**challenger**": trial.evidence.challenger} | trial.others
    rows = []
    for name, evaluation in evaluations.items():
        values = evaluation.summarise()
        cells = {title: values.get(key) for key, title in COLUMNS.items()}
        rows.append({"": name.replace("_", " "), **cells, COLUMNS["num_products"]: evaluation.num_products})
    return pl.DataFrame(rows, infer_schema_length=None)


def _list_differences(trial: Trial) -> pl.DataFrame:
    """Lay out the paired differences with their 95% intervals."""
    ours = trial.evidence.challenger
    rows = [
        {
            "challenger less (95% interval)": name.replace("_", " "),
            f"NDCG@{K}": _format_gain(ours.ndcg, theirs.ndcg),
            f"recall@{K}": _format_gain(ours.recall, theirs.recall),
            "discovery": _format_gain(ours.discovery_ndcg, theirs.discovery_ndcg),
        }
        for name, theirs in trial.others.items()
    ]
    return pl.DataFrame(rows)


def _format_gain(ours: PerUser, theirs: PerUser) -> str:
    if len(ours) == 0:
        return "nobody"
    low, high = bootstrap_interval(ours - theirs)
    return f"{(ours - theirs).mean():+.4f} ({low:+.4f} to {high:+.4f})"


def _write_slices(trial: Trial, num_categories: int | None) -> Iterator[str]:
    """Show the slices against the champion, or where there is none against the own purchases."""
    rival = "champion" if "champion" in trial.gains else "own_purchases"
    gains = trial.gains[rival]
    categories = sorted((gain for gain in gains if gain.name.startswith("category ")), key=lambda gain: gain.low)
    shown = [gain for gain in gains if gain not in categories] + categories[:num_categories]
    yield ""
    yield f"### NDCG@{K} by slice, against {rival.replace('_', ' ')}"
    yield ""
    if num_categories is not None and len(categories) > num_categories:
        yield f"Of {len(categories)} categories the {num_categories} that gain least; the rest: `report.md` of the run."
        yield ""
    yield from format_table(pl.DataFrame([_format_slice(gain) for gain in shown]))


def _format_slice(gain: SliceGain) -> dict[str, str]:
    values = "" if gain.num_users == 0 else f"{gain.ours:.4f}"
    others = "" if gain.num_users == 0 else f"{gain.theirs:.4f}"
    interval = "" if gain.num_users == 0 else f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
    name = f"**{gain.name}: worse**" if gain.is_worse else gain.name
    if gain.name == DISCOVERY:
        name += " (products never bought before)"
    return {"slice": name, "users": f"{gain.num_users:,}", "ours": values, "theirs": others, "gain (99%)": interval}


def _write_checks(trial: Trial) -> Iterator[str]:
    yield ""
    yield "### Checks"
    yield ""
    floors = [_format_floor(floor, "refuse") for floor in trial.evidence.floors]
    ordering = _format_floor(trial.evidence.ordering, "flag")
    checks = [_format_check(check) for check in trial.evidence.checks]
    yield from format_table(pl.DataFrame([*floors, ordering, *checks]))


def _format_floor(floor: SliceGain, consequence: str) -> dict[str, str]:
    verdict = f"**failed: {consequence}**" if floor.is_worse else "passed"
    value = f"{floor.difference:+.4f} ({floor.low:+.4f} to {floor.high:+.4f})" if floor.num_users else "nobody"
    return {"check": floor.name, "value": value, "wanted": "not all below 0", "": verdict}


def _format_check(check: Check) -> dict[str, str]:
    verdict = "passed" if check.has_passed else f"**failed: {check.consequence}**"
    wanted = f"{check.sense} {check.bound:g}"
    return {"check": check.name, "value": f"{check.value:.4g}", "wanted": wanted, "": verdict}


def _link_plots(run_id: str) -> str:
    """Show the run's plots on the version's page; MLflow serves them under this path."""
    names = {"lift by slice": "lift_by_slice", "reliability": "reliability", "score spread": "score_spread"}
    return "\n".join(
        f"![{title}](/get-artifact?path=plots%2F{name}.png&run_uuid={run_id})" for title, name in names.items()
    )
