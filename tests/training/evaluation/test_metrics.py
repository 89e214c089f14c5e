import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from training.evaluation import metrics

HITS = np.array([[True, False, True], [False, False, False], [False, True, False]])
NUM_LABELS = np.array([2, 4, 1])


def test_ndcg_divides_by_the_best_list_that_the_labels_allow() -> None:
    ndcg = metrics.ndcg_at_k(HITS, NUM_LABELS, 3)

    best_of_two = 1 + 1 / np.log2(3)
    assert ndcg == pytest.approx([(1 + 1 / np.log2(4)) / best_of_two, 0, 1 / np.log2(3)])


def test_ndcg_agrees_with_scikit_learn_where_every_label_is_listed() -> None:
    generator = np.random.default_rng(0)
    labels = generator.random((40, 12)) < 0.3
    labels[:, 0] = True
    scores = generator.random((40, 12))
    hits = np.take_along_axis(labels, np.argsort(-scores, axis=1), axis=1)

    ours = metrics.ndcg_at_k(hits, labels.sum(axis=1), 5).mean()

    assert ours == pytest.approx(ndcg_score(labels, scores, k=5))


def test_recall_counts_labels_that_no_list_could_hold() -> None:
    assert metrics.recall_at_k(HITS, NUM_LABELS, 3) == pytest.approx([1.0, 0.0, 1.0])
    assert metrics.recall_at_k(HITS, np.array([4, 4, 4]), 1) == pytest.approx([0.25, 0.0, 0.0])


def test_a_user_without_labels_scores_nothing() -> None:
    hits, labels = np.zeros((2, 3), dtype=bool), np.array([[False, False], [True, False]])

    assert metrics.ndcg_at_k(hits, np.array([0, 1]), 3).tolist() == [0.0, 0.0]
    assert metrics.recall_at_k(hits, np.array([0, 1]), 3).tolist() == [0.0, 0.0]
    assert metrics.average_precision(labels, np.array([[0.2, 0.1], [0.2, 0.1]], np.float32)).tolist() == [0.0, 1.0]


def test_hit_rate_is_of_users_with_a_hit() -> None:
    assert metrics.hit_rate_at_k(HITS, 1) == pytest.approx([1, 0, 0])


def test_average_precision_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    labels, scores = generator.random((30, 6)) < 0.4, generator.random((30, 6), np.float32)
    labels[:, 0] = True

    expected = [average_precision_score(row, score) for row, score in zip(labels, scores, strict=True)]
    assert metrics.average_precision(labels, scores) == pytest.approx(expected)


def test_log_loss_is_that_of_what_happened_and_finite_where_it_was_held_impossible() -> None:
    labels, probabilities = np.array([[True, False], [True, True]]), np.array([[0.25, 0.25], [0.0, 1.0]])

    expected = -(np.log(0.25) + np.log(0.75) + np.log(1e-7) + np.log(1 - 1e-7)) / 4
    assert metrics.log_loss(labels, probabilities) == pytest.approx(expected)
    assert metrics.log_loss(np.ones((1, 1), dtype=bool), np.full((1, 1), 0.5)) == pytest.approx(np.log(2))
    assert metrics.log_loss(np.zeros((1, 1), dtype=bool), np.ones((1, 1), np.float32)) == pytest.approx(
        -np.log(1e-7), rel=1e-6
    )


def test_auc_counts_pairs_in_order_and_ties_by_half() -> None:
    labels, scores = np.array([[True], [False], [True], [False]]), np.array([[0.9], [0.5], [0.5], [0.1]])

    assert metrics.mean_auc(labels, scores) == (1 + 1 + 0.5 + 1) / 4


def test_mean_auc_leaves_out_columns_of_one_class() -> None:
    labels = np.array([[True, True, False], [False, True, False]])
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.5, 0.5]])

    assert metrics.mean_auc(labels, scores) == 1
    assert np.isnan(metrics.mean_auc(labels[:, 1:], scores[:, 1:]))


def test_bins_of_reliability_by_hand() -> None:
    """Four bins: 0.1 in the first; 0.25, its lower edge, and 0.35 in the second; none in the third; 1 in the last."""
    probabilities, labels = np.array([[0.1, 0.25, 0.35, 1.0]]), np.array([[False, True, False, True]])

    bins = metrics.reliability(labels, probabilities, num_bins=4)

    assert bins[:, 0].tolist() == [1, 2, 0, 1]
    assert bins[:, 1] == pytest.approx([0.1, 0.3, np.nan, 1.0], nan_ok=True)
    assert bins[:, 2] == pytest.approx([0.0, 0.5, np.nan, 1.0], nan_ok=True)
    assert metrics.calibration_error(labels, probabilities, num_bins=4) == pytest.approx((0.1 + 2 * 0.2 + 0) / 4)


def test_the_bins_of_a_version_are_fifteen() -> None:
    probabilities = np.linspace(0, 1, 200, dtype=np.float32).reshape(1, -1)
    labels = probabilities > 0.4

    assert metrics.reliability(labels, probabilities).shape == (15, 3)
    assert metrics.calibration_error(labels, probabilities) == metrics.calibration_error(labels, probabilities, 15)


def test_distinct_products_are_those_of_the_first_k_and_no_product_is_none() -> None:
    products = np.array([[0, 2, 7], [2, -1, 8], [-1, -1, -1]])

    assert metrics.count_distinct(products, 2) == 2
    assert metrics.count_distinct(products, 3) == 4


def test_calibration_error_of_the_true_rate_is_zero() -> None:
    labels = np.array([[True, False, False, False]])

    assert metrics.calibration_error(labels, np.full((1, 4), 0.25)) == pytest.approx(0.0)
    assert metrics.calibration_error(labels, np.full((1, 4), 0.75)) == pytest.approx(0.5)


def test_what_is_not_finite_gives_no_number_and_no_error() -> None:
    labels = np.array([[True, False], [False, True]])
    spoilt = np.array([[np.nan, 0.5], [0.25, np.inf]], dtype=np.float32)

    assert np.isnan(metrics.mean_auc(labels, spoilt))
    assert np.isnan(metrics.log_loss(labels, spoilt))
    assert metrics.reliability(labels, spoilt)[:, 0].sum() == 2
    assert np.isfinite(metrics.calibration_error(labels, spoilt))


def test_bootstrap_interval_surrounds_the_mean_and_narrows_with_users() -> None:
    per_user = np.random.default_rng(2).random(400)

    low, high = metrics.bootstrap_interval(per_user)
    few_low, few_high = metrics.bootstrap_interval(per_user[:40])

    assert low < per_user.mean() < high
    assert few_high - few_low > high - low


@pytest.mark.parametrize("at_once", [7, 50 * 1000], ids=["user by user", "all resamples at once"])
def test_bootstrap_interval_is_the_quantiles_of_resampled_means(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    per_user, generator = np.random.default_rng(2).random(50), np.random.default_rng(9)
    means = [per_user[generator.integers(0, 50, 50)].mean() for _ in range(1000)]

    monkeypatch.setattr(metrics, "DRAWN_AT_ONCE", at_once)
    interval = metrics.bootstrap_interval(per_user, seed=9, level=0.9)

    assert interval == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=1e-12)


def test_bootstrap_interval_of_one_user_is_a_point_and_of_none_is_not_a_number() -> None:
    assert metrics.bootstrap_interval(np.array([0.3])) == (0.3, 0.3)
    low, high = metrics.bootstrap_interval(np.empty(0))
    assert np.isnan([low, high]).all()


def test_bootstrap_interval_of_two_users_lies_between_them() -> None:
    assert metrics.bootstrap_interval(np.array([0.0, 1.0])) == (0.0, 1.0)


def test_an_interval_is_of_95_percent_and_the_same_each_time() -> None:
    per_user = np.random.default_rng(2).random(50)

    interval = metrics.bootstrap_interval(per_user)

    assert interval == metrics.bootstrap_interval(per_user, seed=31, num_samples=1000, level=0.95)
    assert interval != metrics.bootstrap_interval(per_user, seed=31, num_samples=999)
