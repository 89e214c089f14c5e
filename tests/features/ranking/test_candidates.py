"""Candidates of users alone, of many at once, and of users who never bought anything."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.definitions import BOUGHT, EVIDENCE, EvidenceKind, Feature, list_features
from features.ranking.candidates import OWN_SHARE, Candidates, draw_candidates
from features.ranking.retrieval import NUM_NEW, NUM_TRENDING
from features.rebuild import build_snapshot
from features.snapshot.arrays import SnapshotArrays
from tests.features.purchase_rows import make_purchases

NOBODY = 99  # a user without purchases
NUM_CANDIDATES = 120


@pytest.fixture(scope="module")
def arrays() -> SnapshotArrays:
    """40 users with 4 to 150 of 300 products each, 5 new products, and one user without any purchase."""
    generator = np.random.default_rng(5)
    rows = [
        (user, int(product), float(generator.integers(1, 200)))
        for user in range(1, 41)
        for product in generator.choice(300, size=min(user * 4, 150), replace=False)
    ]
    rows += [(user, 300 + user, 10.0 + user) for user in range(1, 6)]
    return build_snapshot(make_purchases(rows, users=[NOBODY])).arrays


@pytest.fixture(scope="module")
def candidates(arrays: SnapshotArrays) -> Candidates:
    return draw_candidates(arrays, np.arange(len(arrays.user_ids)), NUM_CANDIDATES)


def list_products(candidates: Candidates, user_row: int) -> list[int]:
    return candidates.product_rows[candidates.user_rows == user_row].tolist()


def test_no_product_comes_twice(arrays: SnapshotArrays, candidates: Candidates) -> None:
    pairs = np.stack([candidates.user_rows, candidates.product_rows])

    assert np.unique(pairs, axis=1).shape == pairs.shape


def test_every_user_gets_as_many_as_asked_for(arrays: SnapshotArrays, candidates: Candidates) -> None:
    assert np.bincount(candidates.user_rows).tolist() == [NUM_CANDIDATES] * len(arrays.user_ids)


def test_fewer_products_than_asked_for_are_all_candidates(arrays: SnapshotArrays) -> None:
    candidates = draw_candidates(arrays, np.array([0]), 1000)

    assert sorted(candidates.product_rows) == sorted(arrays.popular_rows)


def test_what_a_user_refuses_is_no_candidate_of_that_user_whoever_is_drawn_with(arrays: SnapshotArrays) -> None:
    everybody = np.arange(len(arrays.user_ids))
    own = int(arrays.history_products[arrays.history_offsets[3]])
    liked = list_products(draw_candidates(arrays, everybody, NUM_CANDIDATES), 3)[-1]
    kind = (arrays.type_codes[own] + 1) % 3
    refused = np.array([[3, own, -1], [3, liked, -1], [5, -1, kind]])
    sifted = replace(arrays, exclusions=refused)

    together, alone = (draw_candidates(sifted, rows, NUM_CANDIDATES) for rows in (everybody, np.array([3])))

    products = list_products(together, 3)
    assert not {own, liked} & set(products)
    assert len(products) == NUM_CANDIDATES, "others take their places"
    assert products == list_products(alone, 3)
    assert kind not in arrays.type_codes[list_products(together, 5)]
    assert list_products(together, 4) == list_products(draw_candidates(arrays, everybody, NUM_CANDIDATES), 4)


def test_own_purchases_come_first_the_strongest_of_them_and_at_most_their_share(
    arrays: SnapshotArrays, candidates: Candidates
) -> None:
    busiest = int(np.argmax(np.diff(arrays.history_offsets)))
    start, end = arrays.history_offsets[busiest : busiest + 2]
    limit = int(OWN_SHARE * NUM_CANDIDATES)
    strongest = np.sort(arrays.history_decayed[start:end])[::-1][:limit]

    history = candidates.history_rows[candidates.user_rows == busiest]

    assert end - start > limit
    assert (history >= 0).tolist() == [True] * limit + [False] * (NUM_CANDIDATES - limit)
    assert arrays.history_decayed[history[:limit]].tolist() == strongest.tolist()


def test_history_rows_point_at_the_pair(arrays: SnapshotArrays, candidates: Candidates) -> None:
    owners = np.repeat(np.arange(len(arrays.user_ids)), np.diff(arrays.history_offsets))
    own = candidates.take(candidates.history_rows >= 0)

    assert owners[own.history_rows].tolist() == own.user_rows.tolist()
    assert arrays.history_products[own.history_rows].tolist() == own.product_rows.tolist()


def test_what_is_no_own_purchase_was_never_bought(arrays: SnapshotArrays, candidates: Candidates) -> None:
    new = candidates.take(candidates.history_rows < 0)

    bought = np.asarray(arrays.purchases[new.user_rows, new.product_rows]).ravel()
    assert bought.max() == 0


def test_what_trends_and_what_is_new_is_always_there_unless_bought_before(arrays: SnapshotArrays) -> None:
    lately = arrays.product_column("product_orders_7d")[arrays.popular_rows]
    trending = arrays.popular_rows[np.argsort(-lately, kind="stable")[:NUM_TRENDING]]
    is_new = arrays.product_column("product_age_days")[arrays.popular_rows] < 28
    new = arrays.popular_rows[is_new][:NUM_NEW]
    assert len(new) > 0

    for user in range(len(arrays.user_ids)):
        candidates = draw_candidates(arrays, np.array([user]), 300)
        bought = arrays.purchases[user].indices
        assert set(trending) | set(new) <= {*list_products(candidates, user), *bought}


def test_what_is_sold_out_is_no_candidate_though_its_purchases_count() -> None:
    rows = [(user, product, 5.0) for user in range(1, 9) for product in (1, 2)] + [(9, 1, 3.0), (NOBODY, 3, 200.0)]
    arrays = build_snapshot(make_purchases(rows, sold_out=[1])).arrays

    drawn = draw_candidates(arrays, np.arange(len(arrays.user_ids)), NUM_CANDIDATES)

    assert set(arrays.product_ids[drawn.product_rows]) == {2, 3}
    of_nine = (arrays.user_ids[drawn.user_rows] == 9) & (arrays.product_ids[drawn.product_rows] == 2)
    assert drawn.column("pair_together")[of_nine] > 0


def test_a_user_without_purchases_gets_popular_products(arrays: SnapshotArrays) -> None:
    nobody = int(arrays.find_users(np.array([NOBODY]))[0])

    candidates = draw_candidates(arrays, np.array([nobody]), NUM_CANDIDATES)

    assert (candidates.history_rows == -1).all()
    assert not candidates.column("pair_together").any()
    assert set(arrays.popular_rows[:20]) <= set(candidates.product_rows)


def test_a_user_gets_the_same_whoever_else_is_drawn_with_them(arrays: SnapshotArrays, candidates: Candidates) -> None:
    for user in range(len(arrays.user_ids)):
        alone = draw_candidates(arrays, np.array([user]), NUM_CANDIDATES)

        together = candidates.take(candidates.user_rows == user)
        assert alone.product_rows.tolist() == together.product_rows.tolist()
        assert np.abs(alone.column("pair_together") - together.column("pair_together")).max() <= 1e-6


def test_equal_scores_are_drawn_by_popularity_whoever_else_is_drawn() -> None:
    # Everyone bought other products once, at the same age: nearly all scores are equal.
    rows = [(1, product, 60.0) for product in range(40)] + [(user, 40 + user, 60.0) for user in range(2, 200)]
    arrays = build_snapshot(make_purchases(rows)).arrays
    users = np.arange(len(arrays.user_ids))

    together = draw_candidates(arrays, users, 80)

    for user in (0, 1, 50):
        assert list_products(draw_candidates(arrays, users[user : user + 1], 80), user) == list_products(together, user)


def test_type_and_brand_affinity_sum_what_the_user_bought(arrays: SnapshotArrays, candidates: Candidates) -> None:
    rows = np.flatnonzero(candidates.user_rows == 7)
    bought = arrays.purchases[7]
    of_type = {
        code: bought.data[arrays.type_codes[bought.indices] == code].sum() for code in np.unique(arrays.type_codes)
    }

    expected = [of_type[code] for code in arrays.type_codes[candidates.product_rows[rows]]]

    assert candidates.column("pair_type_decayed")[rows] == pytest.approx(expected, rel=1e-5)
    assert candidates.column("pair_type_share")[rows] == pytest.approx(np.array(expected) / bought.data.sum(), rel=1e-5)


@pytest.mark.parametrize("feature", [row for row in list_features("pair") if row.evidence], ids=lambda row: row.name)
def test_without_evidence_a_feature_is_that_of_a_user_who_never_bought_anything(
    arrays: SnapshotArrays, candidates: Candidates, feature: Feature
) -> None:
    nobody = candidates.take(candidates.user_rows == int(arrays.find_users(np.array([NOBODY]))[0]))

    stripped = candidates
    for name in feature.evidence:
        stripped = stripped.without(name)

    expected = np.unique(nobody.column(feature.name))
    assert np.unique(stripped.column(feature.name)) == pytest.approx(expected, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("kind", EVIDENCE, ids=lambda kind: kind.name)
def test_taking_evidence_away_leaves_what_does_not_stand_on_it(candidates: Candidates, kind: EvidenceKind) -> None:
    stripped = candidates.without(kind.name)

    kept = [kind.name not in feature.evidence for feature in list_features("pair")]
    assert np.array_equal(stripped.features[:, kept], candidates.features[:, kept], equal_nan=True)
    assert not (stripped.column(kind.shown_by) > kind.above).any()
    assert (candidates.column(kind.shown_by) > kind.above).any()
    assert (stripped.history_rows == candidates.history_rows).all() == (kind.name != BOUGHT)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 12), st.integers(0, 120).map(float)), max_size=30, unique=True
    ),
    num_candidates=st.integers(1, 15),
)
def test_any_shop_gives_distinct_sold_products_and_never_too_many(
    rows: list[tuple[int, int, float]], num_candidates: int
) -> None:
    arrays = build_snapshot(make_purchases(rows, users=[NOBODY], products=[20])).arrays

    drawn = draw_candidates(arrays, np.arange(len(arrays.user_ids)), num_candidates)

    pairs = pl.DataFrame({"user": drawn.user_rows, "product": drawn.product_rows})
    assert pairs.is_unique().all()
    assert pairs["user"].is_sorted()
    assert pairs.group_by("user").len()["len"].max() in {None, *range(1, num_candidates + 1)}
    assert set(drawn.product_rows) <= set(arrays.popular_rows)
