"""One ranker: training, batch and online give the same scores to 1e-6, and lists that keep the rules."""

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import yaml

from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from tests.support.synthetic import AS_OF
from training.data.inputs import EncodedSnapshot, ModelInputs, join_inputs
from training.data.windows import open_window
from training.fit import Fitted
from training.ranking.ranker import Ranker
from training.version.files import CONFIG, ArtefactError, write_manifest

LEAST_NEW = 15
K = 20


def test_batch_and_online_agree(ranker: Ranker, snapshot: Snapshot) -> None:
    users = snapshot.user_ids()

    batch = ranker.rank(snapshot, users, K)
    online = pl.concat([ranker.rank(snapshot, users[row : row + 1], K) for row in range(0, len(users), 10)])

    same_users = batch.filter(pl.col("user_id").is_in(online["user_id"].implode()))
    assert same_users["product_id"].to_list() == online["product_id"].to_list()
    assert np.abs(same_users["score"].to_numpy() - online["score"].to_numpy()).max() <= 1e-6


def test_a_bucket_read_from_the_store_scores_as_the_whole(
    ranker: Ranker, snapshot: Snapshot, synthetic_store: MLStore
) -> None:
    bucket = Snapshot.open(synthetic_store, AS_OF, bucket=1)

    ranked = ranker.rank(bucket, bucket.user_ids(), K)

    whole = ranker.rank(snapshot, snapshot.user_ids(bucket=1), K)
    assert ranked.drop("score").equals(whole.drop("score"))
    assert np.abs(ranked["score"].to_numpy() - whole["score"].to_numpy()).max() <= 1e-6


def test_training_and_serving_agree(ranker: Ranker, fitted: Fitted) -> None:
    arrays, rows = fitted.evaluation_window.arrays, fitted.evaluation_users[:8]
    candidates, scores, categories = ranker.score_candidates(arrays, rows)

    encoded = EncodedSnapshot(ranker.encoder, arrays)
    inputs = join_inputs(
        encoded.encode_users(rows),
        encoded.encode_pairs(candidates),
        np.searchsorted(rows, candidates.user_rows),
    )
    assert fitted.model is not None
    with torch.inference_mode():
        category_logits, product_logits = fitted.model(ModelInputs(*map(torch.from_numpy, inputs)))

    assert np.abs(product_logits.sigmoid().numpy() - scores).max() <= 1e-6
    assert np.abs(category_logits.sigmoid().numpy() - categories).max() <= 1e-6


def test_lists_are_sorted_distinct_and_numbered_from_one(ranker: Ranker, snapshot: Snapshot) -> None:
    lists = ranker.rank(snapshot, snapshot.user_ids(), K)

    for _, rows in lists.group_by("user_id"):
        assert rows["rank"].to_list() == list(range(1, rows.height + 1))
        assert rows["score"].is_sorted(descending=True)
        assert rows["product_id"].is_unique().all()


def test_fewer_candidates_are_ranked_than_training_draws_from(version_folder: Path, snapshot: Snapshot) -> None:
    config = yaml.safe_load((version_folder / CONFIG).read_text(encoding="utf-8"))
    config["data"] |= {"num_candidates": 120, "num_ranked": 50}
    (version_folder / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    write_manifest(version_folder)

    candidates, _, _ = Ranker.load(version_folder).score_candidates(snapshot.arrays, np.arange(5))

    assert np.bincount(candidates.user_rows).tolist() == [50] * 5


def test_a_version_from_before_the_two_were_told_apart_ranks_at_most_500(version_folder: Path) -> None:
    config = yaml.safe_load((version_folder / CONFIG).read_text(encoding="utf-8"))
    del config["data"]["num_ranked"]
    config["data"]["num_candidates"] = 1000
    (version_folder / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    write_manifest(version_folder)

    assert Ranker.load(version_folder).num_candidates == 500


def test_users_differ_and_unknown_ones_are_absent(ranker: Ranker, snapshot: Snapshot) -> None:
    lists = ranker.rank(snapshot, np.array([1, 2, 999_999]), K)

    assert set(lists["user_id"]) == {1, 2}
    first, second = (lists.filter(pl.col("user_id") == user)["product_id"].to_list() for user in (1, 2))
    assert first != second


def test_only_new_leaves_out_what_was_bought(ranker: Ranker, snapshot: Snapshot) -> None:
    lists = ranker.rank(snapshot, snapshot.user_ids(), K, only_new=True)

    assert lists.join(snapshot.history, on=["user_id", "product_id"], how="semi").is_empty()


def test_least_new_goes_on_below_the_best_with_what_was_never_bought(ranker: Ranker, snapshot: Snapshot) -> None:
    users = snapshot.user_ids()
    best, new = ranker.rank(snapshot, users, K), ranker.rank(snapshot, users, LEAST_NEW, only_new=True)

    lists = ranker.rank(snapshot, users, K, least_new=LEAST_NEW)

    for (user_id,), rows in lists.group_by("user_id", maintain_order=True):
        [bests], [news] = (each.filter(pl.col("user_id") == user_id).partition_by("user_id") for each in (best, new))
        assert rows.head(K).equals(bests)
        below = news.join(bests, on="product_id", how="anti")
        assert rows.slice(K)["product_id"].to_list() == below["product_id"].to_list()
        assert rows["rank"].to_list() == list(range(1, rows.height + 1))
    assert lists.height > best.height


def test_nobody_to_rank_gives_an_empty_list(ranker: Ranker, snapshot: Snapshot) -> None:
    assert ranker.rank(snapshot, np.array([], dtype=np.int64), K).is_empty()


def test_category_probabilities_lie_between_zero_and_one(ranker: Ranker, snapshot: Snapshot) -> None:
    scores = ranker.score_categories(snapshot, snapshot.user_ids())

    assert scores.height == len(snapshot.user_ids()) * len(ranker.category_ids)
    assert scores["score"].is_between(0, 1).all()


def test_a_snapshot_of_other_definitions_is_refused_naming_both(ranker: Ranker, snapshot: Snapshot) -> None:
    other = dataclasses.replace(snapshot, feature_hash="0123456789abcdef")

    with pytest.raises(ArtefactError, match=f"{ranker.feature_hash}.*0123456789abcdef"):
        ranker.rank(other, other.user_ids(), K)


def test_a_window_is_a_snapshot_of_its_start(fitted: Fitted, synthetic_store: MLStore) -> None:
    window = open_window(load_purchases(synthetic_store, AS_OF), fitted.evaluation_window.start, 28)

    assert np.array_equal(window.arrays.users, fitted.evaluation_window.arrays.users, equal_nan=True)
