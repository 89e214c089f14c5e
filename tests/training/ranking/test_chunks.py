import numpy as np
import pytest

from features.snapshot.arrays import Int64
from training.ranking.chunks import USERS_AT_ONCE, map_chunks, slice_pairs


@pytest.mark.parametrize("num_rows", [0, 1, USERS_AT_ONCE, USERS_AT_ONCE + 1, 10 * USERS_AT_ONCE])
def test_every_row_is_worked_on_once_and_in_order(num_rows: int) -> None:
    rows = np.arange(num_rows)

    chunks = map_chunks(lambda chunk: chunk, rows)

    assert all(0 < len(chunk) <= USERS_AT_ONCE for chunk in chunks)
    assert np.concatenate([rows[:0], *chunks]).tolist() == rows.tolist()


def test_what_goes_wrong_in_a_chunk_is_raised() -> None:
    def work(chunk: Int64) -> int:
        if USERS_AT_ONCE in chunk:
            raise ValueError("a chunk failed")
        return len(chunk)

    with pytest.raises(ValueError, match="a chunk failed"):
        map_chunks(work, np.arange(3 * USERS_AT_ONCE))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([3, 4, 2, 5, 1], [(0, 2), (2, 5)], id="as many users as fit"),
        pytest.param([9, 12, 0, 7], [(0, 1), (1, 2), (2, 4)], id="one with more than fit stands alone"),
        pytest.param([0, 0, 0], [(0, 3)], id="users without pairs"),
        pytest.param([], [(0, 0)], id="nobody"),
    ],
)
def test_pairs_are_cut_between_users(
    monkeypatch: pytest.MonkeyPatch, counts: list[int], expected: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr("training.ranking.chunks.PAIRS_AT_ONCE", 8)
    owners = np.repeat(np.arange(len(counts)), counts)

    slices = list(slice_pairs(owners, len(counts)))

    assert [(users.start, users.stop) for users, _ in slices] == expected
    assert all((np.isin(owners[pairs], range(len(counts))[users])).all() for users, pairs in slices)
    assert np.concatenate([owners[pairs] for _, pairs in slices]).tolist() == owners.tolist()
