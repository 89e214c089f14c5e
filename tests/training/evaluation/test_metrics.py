import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from training.evaluation import metrics

HITS = np.array([[True, False, True], [False, False, False], [False, True, False]])
NUM_LABELS = np.array([2, 4, 1])


def test_ndcg_divides_by_the_best_list_that_the_labels_allow():
    ndcg = metrics.ndcg_at_k(HITS, NUM_LABELS, 3)

    best_of_two = 1 + 1 / np.log2(3)
    assert ndcg == pytest.approx([(1 + 1 / np.log2(4)) / best_of_two, 0, 1 / np.log2(3)])


def test_ndcg_agrees_with_scikit_learn_where_every_label_is_listed():
    generator = np.random.default_rng(0)
    labels = generator.random((40, 12)) < 0.3
    labels[:, 0] = True
    scores = generator.random((40, 12))
    hits = np.take_along_axis(labels, np.argsort(-scores, axis=1), axis=1)

    ours = metrics.ndcg_at_k(hits, labels.sum(axis=1), 5).mean()

    assert ours == pytest.approx(ndcg_score(labels, scores, k=5))


def test_recall_counts_labels_that_no_list_could_hold():
    assert metrics.recall_at_k(HITS, NUM_LABELS, 3) == pytest.approx([1.0, 0.0, 1.0])
    assert metrics.recall_at_k(HITS, np.array([4, 4, 4]), 1) == pytest.approx([0.25, 0.0, 0.0])


def test_hit_rate_and_reciprocal_rank():
    assert metrics.hit_rate_at_k(HITS, 1) == pytest.approx([1, 0, 0])
    assert metrics.reciprocal_rank(HITS) == pytest.approx([1, 0, 0.5])


def test_probability_metrics_agree_with_scikit_learn():
    generator = np.random.default_rng(1)
    labels = generator.random((30, 6)) < 0.4
    labels[:, 0], labels[:, 1] = True, False
    scores = np.round(generator.random((30, 6)), 1)  # rounded, so that there are ties

    assert metrics.auc(labels.ravel(), scores.ravel()) == pytest.approx(roc_auc_score(labels.ravel(), scores.ravel()))
    assert metrics.log_loss(labels, scores) == pytest.approx(
        sklearn_log_loss(labels.ravel(), scores.ravel().clip(1e-7, 1 - 1e-7))
    )
    untied = generator.random((30, 6))
    expected = [average_precision_score(row, score) for row, score in zip(labels, untied, strict=True)]
    assert metrics.average_precision(labels, untied) == pytest.approx(expected)


def test_auc_of_one_class_is_not_a_number():
    assert np.isnan(metrics.auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_mean_auc_leaves_out_columns_of_one_class():
    labels = np.array([[True, True, False], [False, True, False]])
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.5, 0.5]])

    assert metrics.mean_auc(labels, scores) == 1
    assert np.isnan(metrics.mean_auc(labels[:, 1:], scores[:, 1:]))


def test_calibration_error_of_the_true_rate_is_zero():
    labels = np.array([[True, False, False, False]])

    assert metrics.calibration_error(labels, np.full((1, 4), 0.25)) == pytest.approx(0.0)
    assert metrics.calibration_error(labels, np.full((1, 4), 0.75)) == pytest.approx(0.5)


def test_bootstrap_interval_surrounds_the_mean_and_narrows_with_users():
    per_user = np.random.default_rng(2).random(400)

    low, high = metrics.bootstrap_interval(per_user)
    few_low, few_high = metrics.bootstrap_interval(per_user[:40])

    assert low < per_user.mean() < high
    assert few_high - few_low > high - low
