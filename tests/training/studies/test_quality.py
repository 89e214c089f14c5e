"""The quality page of one cut of the small shop: every rival beside our model, with what ours cost."""

from datetime import timedelta

import pytest

from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.evaluation.baselines import ALL_BASELINES
from training.studies import rivals
from training.studies.quality import OURS, measure_cut, write_page

CONFIG = SMALL_CONFIG.replace({"model.num_members": 1, "optimiser.epochs": 1, "optimiser.min_steps": 10})


@pytest.fixture(scope="module")
def page(synthetic_store: MLStore) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "PRODUCT_TREES", 5)
        patch.setattr(rivals, "CATEGORY_TREES", 5)
        return write_page([measure_cut(synthetic_store, CONFIG, AS_OF - timedelta(days=28))])


@pytest.mark.parametrize("method", [*ALL_BASELINES, "als", "lightgbm"])
def test_each_rival_has_rows_for_all_and_new_products_and_a_difference(page: str, method: str) -> None:
    assert page.count(f"\n| {method} | ") >= 3


def test_trees_are_evaluated_on_categories_too(page: str) -> None:
    [table] = [part for part in page.split("\n\n") if part.startswith("| categories |")]

    rows = dict(line.strip("| ").split(" | ", 1) for line in table.splitlines()[2:])

    assert set(rows) == {OURS, "decayed_category_counts", "lightgbm"}
    assert rows["lightgbm"].count("0.") == rows[OURS].count("0.")


def test_page_states_time_and_memory_of_our_model(page: str) -> None:
    assert "evaluation of our model took " in page
    assert " GB of memory." in page
