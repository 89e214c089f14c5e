"""Checksums of key ranges in shop and store: what differs is found without moving the rows that do not."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from features.sync.destination.stored_rows import StoredRows
from features.sync.lease import Lease
from features.sync.source.reader import ShopSnapshot
from features.sync.source.sql import KeyRange
from features.sync.source.sums import checksum_rows


@dataclass(frozen=True)
class ComparedRange:
    """A range of keys: whether shop and store hold the same in it, and the number of rows that the shop has."""

    keys: KeyRange
    is_equal: bool
    num_rows: int


def compare_checksums(
    snapshot: ShopSnapshot, stored: StoredRows, ranges: list[KeyRange], lease: Lease
) -> Iterator[ComparedRange]:
    """Compare ranges; one that is too much for the server is split.

    Rows that could not be read are left out on both sides.

    Yields:
        Ranges that together cover the given ones.
    """
    key = stored.table.key
    for keys in ranges:
        lease.renew()
        unreadable = list(snapshot.set_aside.get(stored.table.name, ()))
        rows = stored.open_in(keys).filter(~pl.col(key).is_in(unreadable)).sort(key)
        theirs = snapshot.checksum_range(stored.table, keys)
        if theirs is not None:
            yield ComparedRange(keys, theirs == checksum_rows(stored.table, rows), theirs[0])
        elif rows.height < 2:
            yield ComparedRange(keys, is_equal=False, num_rows=0)
        else:
            middle = int(rows[key][rows.height // 2 - 1])
            halves = [KeyRange(keys.low, middle), KeyRange(middle, keys.high)]
            yield from compare_checksums(snapshot, stored, halves, lease)
