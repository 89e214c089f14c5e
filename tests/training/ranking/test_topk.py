"""The best pairs of each owner, and below them the best of those that are wanted in any case."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.ranking.topk import lay_out, rank_top

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.1, 0.2, 0.3, 0.9]), st.booleans()), max_size=30)


@given(pairs=PAIRS, k=st.integers(1, 4), least=st.integers(0, 3))
def test_an_owner_keeps_the_best_and_the_best_wanted_ones(
    pairs: list[tuple[int, float, bool]], k: int, least: int
) -> None:
    owners = np.array([owner for owner, _, _ in pairs], dtype=np.int64)
    scores = np.array([score for _, score, _ in pairs], dtype=np.float32)
    wanted = np.flatnonzero([is_wanted for *_, is_wanted in pairs])

    order, ranks = rank_top(owners, scores, k, wanted, least)

    expected = []
    for owner in np.unique(owners):
        mine = sorted(np.flatnonzero(owners == owner), key=lambda place: (-scores[place], place))
        kept = {*mine[:k], *[place for place in mine if place in wanted][:least]}
        expected += [(place, rank) for rank, place in enumerate(place for place in mine if place in kept)]
    assert list(zip(order.tolist(), ranks.tolist(), strict=True)) == expected


def test_lists_are_filled_up_with_nothing() -> None:
    owners, products = np.array([7, 3, 7]), np.array([10, 11, 12])

    lists = lay_out(np.array([3, 5, 7]), owners, products, np.array([0.1, 0.2, 0.3], dtype=np.float32), 2)

    assert lists.tolist() == [[11, -1], [-1, -1], [12, 10]]
