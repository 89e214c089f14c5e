import numpy as np
import pytest

from features.sync.destination.key_set import Keys, KeySet, ParentKeys


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


@pytest.mark.parametrize(("limit", "whole_reads"), [(3, 0), (2, 1)])
def test_few_parents_are_looked_up_and_many_read_once(
    monkeypatch: pytest.MonkeyPatch, limit: int, whole_reads: int
) -> None:
    monkeypatch.setattr("features.sync.destination.key_set.LOOKED_UP", limit)
    parents, reads = np.array([1, 5, 9]), []

    def read_all() -> Keys:
        reads.append(1)
        return parents

    keys = ParentKeys(lambda asked: np.intersect1d(asked, parents), read_all)

    for _ in range(2):
        assert keys.holds(np.array([9, 2, 9, 1])).tolist() == [True, False, True, True]
    assert len(reads) == whole_reads
