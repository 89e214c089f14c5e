import numpy as np
import pytest

from features.snapshot.arrays import Int64
from training.ranking.chunks import USERS_AT_ONCE, map_chunks


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
