import dataclasses

import numpy as np
import polars as pl
import pytest

from features.ranking.candidates import draw_candidates, pair_up
from features.snapshot.complements import SCHEMA
from features.snapshot.tables import Snapshot
from training.ranking.cart import CART_WEIGHT, rank_cart
from training.ranking.ranker import Ranker

USER = 1
K = 20


@pytest.fixture(scope="module")
def sold(snapshot: Snapshot) -> list[int]:
    """Sellable products, the best sellers first."""
    return snapshot.arrays.product_ids[snapshot.arrays.best_sellers].tolist()


@pytest.fixture(scope="module")
def taught(snapshot: Snapshot, sold: list[int]) -> Snapshot:
    """The snapshot with complements of our own: of the first two best sellers."""
    first, second, *others = sold
    rows = [(first, others[0], 0.2), (first, others[1], 0.1), (second, others[1], 0.3), (second, first, 9.0)]
    complements = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return dataclasses.replace(snapshot, complements=complements)


def test_a_guests_cart_is_ranked_by_the_weights_of_all_that_is_in_it(
    ranker: Ranker, taught: Snapshot, sold: list[int]
) -> None:
    first, second, *others = sold

    ranked = rank_cart(ranker, taught, None, np.array([first, second, 999_999]), K)

    assert ranked.product_ids.tolist() == [others[1], others[0]]
    assert ranked.scores.tolist() == pytest.approx([0.4, 0.2])
    assert ranked.goes_with == [second, first]


def test_of_two_that_weigh_alike_the_first_is_named(ranker: Ranker, snapshot: Snapshot, sold: list[int]) -> None:
    cart, other = sorted(sold[:3]), sold[3]
    rows = [(product, other, weight) for product, weight in zip(cart, (0.1, 0.2, 0.2), strict=True)]
    alike = dataclasses.replace(snapshot, complements=pl.DataFrame(rows, schema=SCHEMA, orient="row"))

    ranked = rank_cart(ranker, alike, None, np.array(cart[::-1]), K)

    assert (ranked.product_ids.tolist(), ranked.goes_with) == ([other], [cart[1]])


def test_a_known_users_scores_are_raised_by_the_cart(ranker: Ranker, taught: Snapshot, sold: list[int]) -> None:
    cart = np.array([sold[0]])

    ranked = rank_cart(ranker, taught, USER, cart, 100)

    scores = dict(zip(ranked.product_ids.tolist(), ranked.scores.tolist(), strict=True))
    arrays = taught.arrays
    row = int(arrays.find_users(np.array([USER]))[0])
    products = arrays.find_products(np.array(list(scores)))
    alone = ranker.score_pairs(arrays, pair_up(arrays, row, products))
    weights = np.array([{sold[2]: 0.2, sold[3]: 0.1}.get(product, 0.0) for product in scores])
    np.testing.assert_allclose(list(scores.values()), alone * (1 + CART_WEIGHT * weights), rtol=1e-5)
    assert sold[0] not in scores
    assert sold[2] in scores
    assert (np.diff(ranked.scores) <= 0).all()


def test_given_pairs_are_scored_as_drawn_ones(ranker: Ranker, snapshot: Snapshot) -> None:
    arrays, rows = snapshot.arrays, np.array([3])
    drawn = draw_candidates(arrays, rows, 60)

    given = pair_up(arrays, 3, drawn.product_rows)

    np.testing.assert_allclose(given.features, drawn.features, rtol=1e-6)
    np.testing.assert_array_equal(given.history_rows, drawn.history_rows)


def test_an_empty_cart_and_an_unknown_user_have_nothing(ranker: Ranker, taught: Snapshot) -> None:
    for user in (None, 999_999):
        assert len(rank_cart(ranker, taught, user, np.array([], dtype=np.int64), K).product_ids) == 0
