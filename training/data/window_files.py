"""Rows of all windows in files, which two processes write: each opens every other window."""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from features.ranking.encoding import Encoder
from training.beside import call_beside
from training.config import DataConfig
from training.data.row_files import RowFiles
from training.data.samples import build_rows_of_windows
from training.data.shops import SampledShop, Shop
from training.data.windows import Window

LINES_WORTH_A_PROCESS = 200_000
"""Another process has begun after some seconds, in which a smaller shop's windows are open."""


def write_windows(
    shop: Shop,
    starts: Sequence[datetime],
    opened: Window,
    encoder: Encoder,
    config: DataConfig,
    seed: int,
    folder: Path,
) -> list[datetime]:
    """Write the rows of those windows that have users with purchases before and in them, in the order of `starts`.

    Args:
        shop: what was bought.
        starts: of the windows.
        opened: one of them, which is open already.
        encoder: fitted on it.
        config: sizes of samples and lists.
        seed: of the samples.
        folder: where they go, an empty one.

    Returns:
        The starts of those windows.
    """
    theirs = [start for start in starts if start != opened.start][1::2]
    mine = [start for start in starts if start not in theirs]
    is_worth_it = isinstance(shop, SampledShop) or shop.lines.height >= LINES_WORTH_A_PROCESS
    if is_worth_it and theirs and (os.cpu_count() or 1) > 1:
        with call_beside(write_each, shop, theirs, None, encoder, config, seed, folder) as call:
            write_each(shop, mine, opened, encoder, config, seed, folder)
            call.wait()
    else:
        write_each(shop, starts, opened, encoder, config, seed, folder)
    return _join(folder, starts)


def write_each(
    shop: Shop,
    starts: Sequence[datetime],
    opened: Window | None,
    encoder: Encoder,
    config: DataConfig,
    seed: int,
    folder: Path,
) -> None:
    """Write the rows of each window into a folder of its own."""
    for start in starts:
        for rows in build_rows_of_windows(shop, [start], opened, encoder, config, seed):
            path = folder / _name_window(start)
            path.mkdir()
            RowFiles(path).append(rows)


def _join(folder: Path, starts: Sequence[datetime]) -> list[datetime]:
    written = [start for start in starts if (folder / _name_window(start)).exists()]
    files = RowFiles(folder)
    for start in written:
        window = folder / _name_window(start)
        files.append(RowFiles(window).read())
        shutil.rmtree(window)
    return written


def _name_window(start: datetime) -> str:
    return f"{start:%Y%m%dT%H%M%S%f}"
