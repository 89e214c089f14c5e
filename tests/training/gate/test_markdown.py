"""Tables and differences, written out."""

import numpy as np
import polars as pl

from training.gate.markdown import format_difference, format_table


def test_a_table_has_four_digits_whole_large_numbers_and_empty_nulls() -> None:
    table = pl.DataFrame({"name": ["a", "b"], "value": [0.25, 1234.4], "other": [None, 2]})

    assert format_table(table) == ["| name | value | other |", "|---|---|---|", "| a | 0.2500 |  |", "| b | 1234 | 2 |"]


def test_a_difference_is_paired_with_its_interval_and_sign() -> None:
    ours, theirs = np.array([0.5, 0.7, 0.1]), np.array([0.25, 0.45, -0.15])

    assert format_difference(ours, theirs) == "+0.2500 [+0.2500, +0.2500]"
    assert format_difference(theirs, ours) == "-0.2500 [-0.2500, -0.2500]"
