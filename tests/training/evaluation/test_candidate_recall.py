from datetime import timedelta

import pytest

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF
from training.data.windows import Window, open_window
from training.evaluation.candidate_recall import SOURCES, measure_candidate_recall


@pytest.fixture(scope="module")
def window(synthetic_store: MLStore) -> Window:
    return open_window(load_purchases(synthetic_store, AS_OF), AS_OF - timedelta(days=28), 28)


def test_sources_part_what_is_found_among_them(window: Window) -> None:
    for row in measure_candidate_recall(window, (20, 60)):
        assert sum(row[source] for source in SOURCES) == pytest.approx(row["all"])
        assert 0 < row["own"] < row["all"] <= 1


def test_more_candidates_find_more(window: Window) -> None:
    few, many = measure_candidate_recall(window, (20, 60))

    assert few["all"] < many["all"]
    assert few["new"] < many["new"]


def test_all_products_as_candidates_find_every_label(window: Window) -> None:
    [row] = measure_candidate_recall(window, (100_000,))

    assert row["all"] == pytest.approx(1.0, abs=0.05)
