"""The gate on real trainings: what it measures, what it refuses, and the page that a reviewer reads."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.samples import TrainingRows, build_rows
from training.data.windows import Labels, Window
from training.evaluation.checks import MIN_USERS, draw_sample, run_checks
from training.evaluation.lists import K
from training.fit import Fitted, fit
from training.gate.model_card import MAX_LENGTH, describe_run, describe_version
from training.gate.plots import draw_trial
from training.gate.trial import Rival, Trial, hold_trial
from training.ranking.ranker import Ranker
from training.version.files import MODEL, write_manifest

CHAMPION = 7


@pytest.fixture(scope="module")
def trial(fitted: Fitted) -> Trial:
    """A challenger that is its own champion."""
    return hold_trial(fitted, Rival(CHAMPION, Ranker.load(fitted.folder, is_holdout=True)))


def shuffle_purchases(window: Window, *others: Any) -> TrainingRows[np.ndarray]:
    """Training rows in which everybody bought what somebody else did."""
    products, categories = (shuffle_items(labels) for labels in (window.products, window.categories))
    return build_rows(replace(window, products=products, categories=categories), *others)


def shuffle_items(labels: Labels) -> Labels:
    order = np.random.default_rng(0).permutation(len(labels.items))
    return replace(labels, items=labels.items[order], num_orders=labels.num_orders[order])


def test_training_on_shuffled_labels_is_refused(
    synthetic_store: MLStore, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.data.samples.build_rows", shuffle_purchases)
    nonsense = fit(load_purchases(synthetic_store, AS_OF), SMALL_CONFIG, tmp_path / "version", lambda *_: None)

    as_first = hold_trial(nonsense, Rival(None, None)).verdict
    as_later = hold_trial(nonsense, Rival(CHAMPION, Ranker.load(fitted.folder, is_holdout=True))).verdict

    assert as_first.decision == as_later.decision == "refuse", (as_first, as_later)


def test_an_identical_model_is_kept(trial: Trial) -> None:
    assert trial.verdict.decision == "keep"
    assert "difference +0.0000" in trial.verdict.reason
    assert {gain.difference for gain in trial.gains["champion"] if gain.num_users} == {0.0}


def test_a_sound_version_passes_every_check_of_health(trial: Trial) -> None:
    failed = [str(check) for check in trial.evidence.checks if not check.has_passed and check.consequence == "refuse"]

    assert failed == []


def test_odd_behaviour_is_for_a_reviewer_and_lists_that_depend_on_company_are_refused(trial: Trial) -> None:
    consequences = {check.name: check.consequence for check in trial.evidence.checks}

    assert consequences["alone_as_in_company"] == "refuse"
    assert {name for name, consequence in consequences.items() if consequence == "flag"} == {
        "habits_count",
        "calibration_error",
    }


def test_every_baseline_of_the_gate_is_evaluated_on_the_same_users(trial: Trial) -> None:
    assert list(trial.others) == ["champion", "global_popularity", "category_popularity", "own_purchases"]
    assert len({len(evaluation.ndcg) for evaluation in trial.others.values()}) == 1


def test_new_light_and_heavy_users_part_the_users(trial: Trial) -> None:
    gains = {gain.name: gain.num_users for gain in trial.gains["champion"]}

    assert gains["new users"] + gains["light users"] + gains["heavy users"] == len(trial.evidence.challenger.ndcg)
    assert {"lapsed users", "discovery"} <= gains.keys()
    assert any(name.startswith("category ") for name in gains)


def test_a_version_that_ranks_alike_for_everybody_is_unhealthy(fitted: Fitted) -> None:
    ranker = Ranker.load(fitted.folder)
    sample = draw_sample(fitted.evaluation_window, fitted.evaluation_users, ranker)
    many = np.tile(sample.user_rows[:1], MIN_USERS)
    alike = replace(
        sample,
        user_rows=many,
        products=np.tile(sample.products[:1], (len(many), 1)),
        scores=np.full((len(many), K), 0.5, dtype=np.float32),
        num_candidates=np.full(len(many), K),
    )

    failed = {check.name for check in run_checks(fitted.evaluation_window, alike, ranker, 0.0) if not check.has_passed}

    assert {"flat_lists", "top_product_share", "distinct_products"} <= failed


def test_scores_that_are_no_numbers_are_unhealthy(fitted: Fitted) -> None:
    ranker = Ranker.load(fitted.folder)
    sample = draw_sample(fitted.evaluation_window, fitted.evaluation_users, ranker)
    spoilt = replace(sample, all_scores=np.where(np.arange(len(sample.all_scores)) == 3, np.nan, sample.all_scores))

    failed = {check.name for check in run_checks(fitted.evaluation_window, spoilt, ranker, 0.0) if not check.has_passed}

    assert failed >= {"finite_scores"}


def test_the_page_begins_with_verdict_and_comparison_and_fits_into_mlflow(fitted: Fitted, trial: Trial) -> None:
    page = describe_version(fitted, trial, "a" * 32)

    lines = page.splitlines()
    assert lines[0].startswith("**Verdict: keep.**")
    assert [line.split(" | ")[0] for line in lines if line.startswith("| ")][:6] == [
        "| ",
        "| **challenger**",
        "| champion",
        "| global popularity",
        "| category popularity",
        "| own purchases",
    ]
    assert len(page) < MAX_LENGTH
    assert page.count("/get-artifact?path=plots") == 3


def test_the_runs_report_holds_every_category(fitted: Fitted, trial: Trial) -> None:
    report = describe_run(fitted, trial)

    assert report.count("| category ") >= len(fitted.evaluation_window.arrays.category_ids)


def test_plots_are_drawn(fitted: Fitted, trial: Trial) -> None:
    assert set(draw_trial(trial, fitted)) == {"lift_by_slice", "calibration", "score_spread", "reliability"}


def test_health_is_that_of_the_network_that_ships(fitted: Fitted, version_folder: Path) -> None:
    network = onnx.load(version_folder / MODEL)
    for weights in network.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32:
            weights.CopyFrom(numpy_helper.from_array(np.full_like(values, np.nan), weights.name))
    onnx.save(network, version_folder / MODEL)
    write_manifest(version_folder)

    verdict = hold_trial(replace(fitted, folder=version_folder), Rival(None, None)).verdict

    assert verdict.decision == "refuse"
    assert "finite_scores is" in verdict.reason
