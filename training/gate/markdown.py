"""Frames as Markdown tables, and differences with their intervals."""

import polars as pl

from training.evaluation.metrics import PerUser, bootstrap_interval


def format_table(table: pl.DataFrame) -> list[str]:
    """Write a frame as lines of a Markdown table; numbers with four digits, large ones with none, nulls empty."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    return lines + ["| " + " | ".join(_format_cell(value) for value in row) + " |" for row in table.iter_rows()]


def format_difference(ours: PerUser, theirs: PerUser) -> str:
    """Write the mean difference over the same users with its 95% interval."""
    low, high = bootstrap_interval(ours - theirs)
    return f"{(ours - theirs).mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.4f}"
    return str(value)
