"""ALS and LightGBM on the small shop: full lists, no look past the cut, and better than a list for everybody."""

from datetime import timedelta

import numpy as np
import pytest

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.windows import Window, open_window
from training.evaluation.baselines import rank_by_global_popularity
from training.evaluation.lists import Evaluation, evaluate_baseline
from training.studies import rivals
from training.studies.rivals import Boosted, fit_als, fit_boosted

HORIZON = SMALL_CONFIG.data.horizon_days
CUT = AS_OF - timedelta(days=HORIZON)


@pytest.fixture(scope="module")
def window(synthetic_store: MLStore) -> Window:
    return open_window(load_purchases(synthetic_store, AS_OF), CUT, HORIZON)


@pytest.fixture(scope="module")
def popular(window: Window) -> Evaluation:
    return evaluate_baseline(window, window.users_with_labels(), rank_by_global_popularity)


@pytest.fixture(scope="module")
def boosted(synthetic_store: MLStore) -> Boosted:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "PRODUCT_TREES", 30)
        patch.setattr(rivals, "CATEGORY_TREES", 20)
        return fit_boosted(load_purchases(synthetic_store, CUT), SMALL_CONFIG)


def test_als_gives_each_user_distinct_products_and_pads_what_is_short(window: Window) -> None:
    users, num_products = window.users_with_labels(), len(window.arrays.product_ids)

    lists = fit_als(window.arrays, seed=1)(window.arrays, users, num_products + 5)

    assert lists.shape == (len(users), num_products + 5)
    assert all(len(np.unique(row[row >= 0])) == (row >= 0).sum() for row in lists)
    assert (lists[:, num_products:] == -1).all()


def test_als_beats_a_list_for_everybody(window: Window, popular: Evaluation) -> None:
    evaluated = evaluate_baseline(window, window.users_with_labels(), fit_als(window.arrays, seed=1))

    assert evaluated.ndcg.mean() > popular.ndcg.mean()


def test_trees_are_evaluated_on_products_discovery_and_categories(
    boosted: Boosted, window: Window, popular: Evaluation
) -> None:
    evaluated = boosted.evaluate(window, window.users_with_labels(), SMALL_CONFIG.data.num_candidates)

    assert evaluated.ndcg.mean() > popular.ndcg.mean()
    assert set(evaluated.summarise_discovery()) == {"ndcg_at_20", "recall_at_20", "hit_rate_at_20", "num_products"}
    assert evaluated.num_new_products > 0
    assert evaluated.categories["category_auc"] > 0.5


def test_same_rows_and_seed_grow_the_same_trees(
    boosted: Boosted, synthetic_store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "PRODUCT_TREES", 30)
    monkeypatch.setattr(rivals, "CATEGORY_TREES", 20)

    again = fit_boosted(load_purchases(synthetic_store, CUT), SMALL_CONFIG)

    assert again.products.model_to_string() == boosted.products.model_to_string()


def test_too_short_a_history_is_refused(synthetic_store: MLStore) -> None:
    with pytest.raises(ValueError, match="history to learn from"):
        fit_boosted(load_purchases(synthetic_store, CUT - timedelta(days=3650)), SMALL_CONFIG)
