"""Affinities of users: of a few products as of all."""

import numpy as np

from features.ranking.affinity import Affinity
from features.ranking.candidates import draw_candidates, pair_up
from features.rebuild import build_snapshot
from tests.features.purchase_rows import make_purchases

BASKETS = [(user, product, float(user % 9)) for user in range(1, 40) for product in (1, 2, 3) if (user + product) % 4]
OTHERS = [(user, product, 1.0) for user in range(40, 80) for product in (2, 4)]


def test_scores_of_a_few_products_are_those_among_all() -> None:
    arrays = build_snapshot(make_purchases([*BASKETS, *OTHERS])).arrays
    users, products = np.array([0, 4, 50]), np.array([1, 2, 3])

    everything, few = Affinity(arrays, users), Affinity(arrays, users, products)

    columns = everything.find_columns(products)
    assert few.together.shape == (len(users), len(products))
    assert few.find_columns(products[::-1]).tolist() == [2, 1, 0]
    assert (few.together > 0).any(axis=1).all()
    np.testing.assert_array_equal(few.together, everything.together[:, columns])
    np.testing.assert_array_equal(few.together_lately, everything.together_lately[:, columns])


def test_a_pair_that_is_given_has_the_features_of_a_drawn_one_to_the_last_bit() -> None:
    arrays = build_snapshot(make_purchases([*BASKETS, *OTHERS])).arrays
    drawn = draw_candidates(arrays, np.array([5]), 10)

    given = pair_up(arrays, 5, drawn.product_rows)

    assert (drawn.column("pair_together") > 0).any()
    assert (np.diff(drawn.product_rows) < 0).any()  # in any order
    np.testing.assert_array_equal(given.features, drawn.features)
