"""Rows of several windows, written one after the other, are read back as one."""

from pathlib import Path

import numpy as np
import pytest

from training.data.row_files import RowFiles
from training.data.samples import TrainingRows

LIST_SIZE = 3


def make_rows(lists: list[int], number: int) -> TrainingRows[np.ndarray]:
    """Rows of as many users as `lists` names, all numbers of which are `number`."""
    num_users, num_lists = len(lists), max(lists) + 1
    of_user, of_list = (num_users, 2), (num_lists, LIST_SIZE)
    return TrainingRows(
        user_features=np.full(of_user, number, dtype=np.float32),
        category_features=np.full((*of_user, 4), number, dtype=np.float32),
        category_crosses=np.full((*of_user, 1), number, dtype=np.int32),
        category_labels=np.full(of_user, number, dtype=np.int16),
        user_weights=np.full(num_users, number, dtype=np.float32),
        lists=np.array(lists, dtype=np.int32),
        pair_categories=np.full(of_list, number, dtype=np.int32),
        pair_products=np.full(of_list, number, dtype=np.int32),
        pair_features=np.full((*of_list, 5), number, dtype=np.float32),
        pair_crosses=np.full((*of_list, 2), number, dtype=np.int32),
        pair_labels=np.full(of_list, number, dtype=np.int16),
        pair_weights=np.full(of_list, number, dtype=np.float32),
    )


@pytest.fixture
def files(tmp_path: Path) -> RowFiles:
    files = RowFiles(tmp_path)
    for number, lists in enumerate([[0, -1, 1], [-1, 0], [0, 1, 2]]):
        files.append(make_rows(lists, number))
    return files


@pytest.mark.parametrize(("first", "end"), [(0, None), (0, 2), (1, None), (2, 3), (1, 2)])
def test_each_user_of_some_windows_finds_the_own_list(files: RowFiles, first: int, end: int | None) -> None:
    rows = files.read(first, end)
    windows = [0, 0, 0, 1, 1, 2, 2, 2]
    expected = [window for window in windows if first <= window < (end or 3)]

    assert rows.user_features[:, 0].tolist() == expected
    assert rows.category_features.shape == (len(expected), 2, 4)
    for window, row in zip(expected, rows.lists, strict=True):
        if row >= 0:
            assert (rows.pair_features[row] == window).all()
            assert (rows.pair_labels[row] == window).all()
    assert len(set(rows.lists[rows.lists >= 0])) == (rows.lists >= 0).sum()
    assert rows.pair_crosses.dtype == np.int32


def test_another_process_finds_what_was_written(files: RowFiles, tmp_path: Path) -> None:
    again = RowFiles(tmp_path)

    assert again.num_windows == files.num_windows == 3
    for mine, theirs in zip(again.read(), files.read(), strict=True):
        assert np.array_equal(mine, theirs)


def test_windows_without_lists_are_read(tmp_path: Path) -> None:
    files = RowFiles(tmp_path)
    files.append(make_rows([-1, -1], 4))

    assert files.read().pair_features.shape == (0, LIST_SIZE, 5)
    assert files.read().lists.tolist() == [-1, -1]
