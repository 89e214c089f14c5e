"""Trial of a challenger: champion, challenger and baselines, all scored anew on the same frozen window.

Versions are evaluated by their holdout models, which were trained as the versions were but a horizon earlier: none of
them has seen the window, whereas a champion of yesterday has learned from most of it.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from features.definitions import hash_definitions
from training.data.windows import Window
from training.evaluation.baselines import BASELINES, count_categories
from training.evaluation.checks import Sample, draw_sample, run_checks
from training.evaluation.lists import Evaluation, evaluate_baseline, evaluate_ranker
from training.evaluation.metrics import average_precision
from training.evaluation.slices import SliceGain, compare_slices, compare_users, slice_users
from training.fit import Fitted
from training.gate.decision import GateEvidence, Verdict, decide
from training.ranking.ranker import Ranker
from training.registry.client import Registry
from training.registry.copies import fetch_copy
from training.version.files import ArtefactError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rival:
    """Today's champion, as the gate meets it.

    Attributes:
        version: number; None if none serves.
        ranker: loaded; None if there is none or it cannot be evaluated.
        obstacle: why a champion that serves cannot be evaluated; empty otherwise.
    """

    version: int | None
    ranker: Ranker | None
    obstacle: str = ""


@dataclass(frozen=True)
class Trial:
    """An evaluated challenger: what the verdict, the page and the plots are made of.

    Attributes:
        evidence: what the decision read. verdict: the decision.
        champion_version: with which it was compared, None if there was none.
        gains: over each other by name (`champion` and the baselines), slice by slice.
        sample: scores of some evaluated users.
    """

    evidence: GateEvidence
    verdict: Verdict
    champion_version: int | None
    gains: dict[str, list[SliceGain]]
    sample: Sample

    @property
    def others(self) -> dict[str, Evaluation]:
        """Whom the challenger was compared with, by name, the champion first."""
        champion = {"champion": self.evidence.champion} if self.evidence.champion else {}
        return {**champion, **self.evidence.baselines}


def find_rival(registry: Registry, version: int | None, models: Path) -> Rival:
    """Load the champion as serving does.

    Args:
        registry: where it is registered.
        version: number of the champion, None if none serves.
        models: folder of downloaded versions.
    """
    if version is None:
        return Rival(None, None)
    try:
        ranker = Ranker.load(fetch_copy(registry, version, models), is_holdout=True)
    except ArtefactError as err:
        return _refuse_rival(version, f"the champion, version {version}, does not load: {err}")
    if ranker.feature_hash != hash_definitions():
        return _refuse_rival(
            version,
            f"the champion, version {version}, reads features {ranker.feature_hash}, this code defines "
            f"{hash_definitions()}, so the two cannot be scored on the same rows",
        )
    return Rival(version, ranker)


def hold_trial(fitted: Fitted, rival: Rival) -> Trial:
    """Evaluate a version's holdout model, through the code that will serve it, beside those of its rivals, and decide.

    Health and behaviour need no labels: they are checked on the network that ships.
    """
    window, users = fitted.evaluation_window, fitted.evaluation_users
    ranker = Ranker.load(fitted.folder, is_holdout=True)
    challenger = evaluate_ranker(window, users, ranker)
    champion = evaluate_ranker(window, users, rival.ranker) if rival.ranker else None
    baselines = {name: evaluate_baseline(window, users, rank) for name, rank in BASELINES.items()}
    slices = slice_users(window, users)
    gains = {
        name: compare_slices(slices, challenger, other)
        for name, other in ({"champion": champion} | baselines).items()
        if other is not None
    }
    sample = draw_sample(window, users, ranker)
    shipped = Ranker.load(fitted.folder)
    calibration_error = challenger.categories["category_calibration_error"]
    checks = run_checks(window, draw_sample(window, users, shipped), shipped, calibration_error)
    evidence = GateEvidence(
        challenger=challenger,
        champion=champion,
        obstacle=rival.obstacle,
        baselines=baselines,
        floors=_compare_discovery(challenger, baselines),
        ordering=_compare_ordering(window, sample),
        gains=gains.get("champion", []),
        checks=checks,
    )
    return Trial(evidence, decide(evidence), rival.version, gains, sample)


def _compare_discovery(challenger: Evaluation, baselines: dict[str, Evaluation]) -> list[SliceGain]:
    """Compare how products never bought before are found with what popularity finds of them."""
    return [
        compare_users(
            f"products never bought before, against {name.replace('_', ' ')}",
            challenger.discovery_ndcg,
            baselines[name].discovery_ndcg,
        )
        for name in ("global_popularity", "category_popularity")
    ]


def _compare_ordering(window: Window, sample: Sample) -> SliceGain:
    """Compare how the user's categories are ordered (average precision) with counting the user's purchases."""
    counts = count_categories(window.arrays, sample.user_rows, sample.category_rows)
    ours, theirs = (average_precision(sample.bought, scores) for scores in (sample.probabilities, counts))
    return compare_users("the order of categories (MAP), against counting purchases", ours, theirs)


def _refuse_rival(version: int, obstacle: str) -> Rival:
    logger.warning("champion cannot be evaluated version=%d reason=%s", version, obstacle)
    return Rival(version, None, obstacle)
