import numpy as np
import pytest

from features.sync.key_set import KeySet


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([3, 1, 2, 2, 7], id="dense"),
        pytest.param([-5, 10**18, 4], id="sparse"),
        pytest.param([-(2**63), 2**63 - 1], id="the ends"),
        pytest.param([9], id="one"),
        pytest.param([], id="none"),
    ],
)
def test_it_holds_its_keys_and_no_others(keys: list[int]) -> None:
    wanted = [*keys, 0, 5, 8, -6, 10**18 + 1, -(2**63) + 1, 2**63 - 2]

    held = KeySet(np.array(keys, dtype=np.int64)).holds(np.array(wanted, dtype=np.int64))

    assert held.tolist() == [key in keys for key in wanted]


def test_it_counts_each_key_once() -> None:
    assert len(KeySet(np.array([1, 1, 2], dtype=np.int64))) == 2
