"""The search on the small shop: two trials, taken up again, and a page that tells them from chance."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from optuna import Study

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.fit import TooLittleDataError
from training.studies.search import SPACE, Ground, prepare, run_search
from training.studies.search_page import summarise, write_page

CONFIG = SMALL_CONFIG.replace({"model.num_members": 1, "optimiser.epochs": 1, "optimiser.min_steps": 10})
NUM_TRIALS = 3


@pytest.fixture(scope="module")
def ground(synthetic_store: MLStore) -> Ground:
    return prepare(load_purchases(synthetic_store, AS_OF), CONFIG)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def study(ground: Ground, folder: Path) -> Study:
    run_search(ground, CONFIG, 2, folder)
    return run_search(ground, CONFIG, NUM_TRIALS, folder)


def test_nothing_past_the_cut_is_read(ground: Ground) -> None:
    assert ground.window.end == AS_OF
    assert ground.window.start == AS_OF - timedelta(days=CONFIG.data.horizon_days)


def test_guiding_and_held_out_users_are_others(ground: Ground) -> None:
    guides, held_out = ({row for chunk in half for row in chunk.user_rows} for half in (ground.guides, ground.held_out))

    assert guides
    assert held_out
    assert not guides & held_out


def test_search_goes_on_where_it_ended(study: Study) -> None:
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * NUM_TRIALS
    assert [trial.user_attrs.get("role") for trial in study.trials] == ["current", "repeat", None]


def test_first_trial_has_the_settings_as_they_stand(study: Study) -> None:
    current = CONFIG.flatten()

    assert study.trials[0].user_attrs["values"] == {setting.name: current[setting.name] for setting in SPACE}


def test_folder_of_another_search_is_refused(study: Study, ground: Ground, folder: Path) -> None:
    other = CONFIG.replace({"model.embedding_size": 4})

    with pytest.raises(ValueError, match=r"embedding_size.*choose another --out"):
        run_search(ground, other, NUM_TRIALS, folder)


def test_page_holds_each_trial_and_the_best_as_yaml(study: Study, ground: Ground, folder: Path) -> None:
    evidence = summarise(study, folder)

    page = write_page(evidence, ground.window, CONFIG, 10)

    assert json.loads(json.dumps(evidence)) == evidence
    assert evidence["best"] in (0, 2)
    assert set(evidence["gains"]) == {"best", "repeat"}
    assert all(f"\n| {number} | " in page for number in range(NUM_TRIALS))
    assert "optimiser:\n  learning_rate: " in page


def test_page_says_when_it_was_made_and_what_became_of_it(study: Study, ground: Ground, folder: Path) -> None:
    page = write_page(summarise(study, folder), ground.window, CONFIG, 10)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d · (left|to be evaluated at other cuts)", page.splitlines()[2])


def test_too_short_a_history_is_refused(synthetic_store: MLStore) -> None:
    with pytest.raises(TooLittleDataError, match="later --as-of"):
        prepare(load_purchases(synthetic_store, AS_OF - timedelta(days=3650)), CONFIG)
