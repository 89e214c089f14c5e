"""Ranked lists: joined, sorted by user, and as the frame that a batch is written from."""

import numpy as np

from training.ranking.lists import LIST_SCHEMA, RankedLists


def make_lists(*user_ids: int) -> RankedLists:
    """Two products for each user; their scores are told apart by the user."""
    users, places = np.repeat(np.array(user_ids, dtype=np.int64), 2), np.tile([0, 1], len(user_ids))
    scores = (users - places / 2).astype(np.float32)
    return RankedLists(
        users, places + 1, 10 * users + places, users % 3, scores, np.full(len(users), "popular", object)
    )


def test_users_come_by_their_ids_and_their_lists_stay_in_order() -> None:
    joined = RankedLists.join([make_lists(7, 9), make_lists(3)])

    frame = joined.sort_users().to_frame()

    assert frame.schema == LIST_SCHEMA
    assert frame["user_id"].to_list() == [3, 3, 7, 7, 9, 9]
    assert frame["rank"].to_list() == [1, 2] * 3
    assert frame["product_id"].to_list() == [30, 31, 70, 71, 90, 91]
    assert frame["score"].to_list() == [3, 2.5, 7, 6.5, 9, 8.5]


def test_nobody_has_a_frame_of_the_same_columns() -> None:
    nobody = RankedLists.join([]).sort_users().to_frame()

    assert nobody.is_empty()
    assert nobody.schema == LIST_SCHEMA
