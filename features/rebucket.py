"""Shares the users of the newest snapshot into another number of buckets; later snapshots have as many.

    python -m features.rebucket [--buckets 16] [--json]

Without `--buckets` it is NUM_BUCKETS, or what the store's size wants. No feature is computed anew: one bucket after the
other is read and written. The files lie in a partition of their own, which the index names last: cut off anywhere, the
snapshot is as it was, and who reads meanwhile reads what was there. What is published goes on being shown, and the next
`python -m serving.score` writes the same lists under the snapshot's new name.
"""

import argparse
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from math import gcd
from operator import add

import polars as pl

from command import Command, Result
from features.snapshot.bucket_files import USER_TABLES, BucketFiles, commit_files, write_files
from features.snapshot.buckets import assign_bucket
from features.snapshot.fingerprint import RowsHash, hash_rows
from features.snapshot.index_row import IndexRow, read_newest_row
from features.snapshot.num_buckets import wish_num_buckets
from features.snapshot.rows import read_table, write_table
from features.snapshot.tables import TABLES, hash_snapshot
from features.snapshot.workspace import name_workspace
from features.store import MLStore
from features.store_failures import StoreError
from features.sync.lease import hold_lease
from settings import load_settings

MOST_BUCKETS = 65_536

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rebucketed:
    """The newest snapshot as the index has it now, and how many buckets it had before."""

    index: IndexRow
    before: int


@dataclass(frozen=True)
class _Bucket:
    """A bucket that is written: its files, and of each table the columns and the hash of the rows as they were."""

    files: BucketFiles
    schemas: Mapping[str, pl.Schema]
    before: Mapping[str, RowsHash]


def rebucket(store: MLStore, num_buckets: int) -> Rebucketed:
    """Share the users of the newest snapshot into another number of buckets, which later snapshots then have too.

    Args:
        store: the ML store.
        num_buckets: that it shall have; if it has them already, nothing is written.

    Raises:
        LeaseTakenError: a sync, maintenance or another run of this is at work; nothing was written.
        OtherBucketsError: the snapshot was built anew meanwhile, and stays as it is.
        StoreError: there is no snapshot, or its rows are not those that it was made known with.
    """
    with store.explained(), hold_lease(store) as lease:
        old = read_newest_row(store)
        if old is None:
            raise StoreError(
                f"The ML store {store.uri!r} has no snapshot whose users could be shared anew: the first one, of "
                "`python -m features.rebuild`, has as many buckets as NUM_BUCKETS says."
            )
        if old.num_buckets == num_buckets:
            return Rebucketed(old, num_buckets)
        made_from = {"snapshot_id": old.snapshot_id, "buckets": num_buckets}
        new = replace(
            old,
            num_buckets=num_buckets,
            partition=name_workspace(datetime.fromisoformat(old.as_of), made_from),
        )
        written = []
        for bucket in range(num_buckets):
            lease.renew()
            written.append(_write_bucket(store, old, new, bucket))
        lease.require()
        new = _commit(store, old, new, written)
        new.write(store, instead_of=old.snapshot_id)
    return Rebucketed(new, old.num_buckets)


def _write_bucket(store: MLStore, old: IndexRow, new: IndexRow, bucket: int) -> _Bucket:
    """Read the users of a new bucket out of the old ones that can hold them, and write their rows."""
    step = gcd(old.num_buckets, new.num_buckets)
    holders = list(range(bucket % step, old.num_buckets, step))  # hash % step is the same in both
    is_inside = assign_bucket(pl.col("user_id"), new.num_buckets) == bucket
    frames, before = {}, {}
    for table in USER_TABLES:
        rows = read_table(store, table, old.partition, pl.col("bucket").is_in(holders) & is_inside)
        frames[table] = rows.with_columns(assign_bucket(pl.col("user_id"), new.num_buckets))
        before[table] = hash_rows(rows)
    files = write_files(store, new.partition, bucket, frames)
    logger.info("bucket written bucket=%d num_users=%d", bucket, frames["users"].height)
    return _Bucket(files, {table: frame.schema for table, frame in frames.items()}, before)


def _commit(store: MLStore, old: IndexRow, new: IndexRow, written: list[_Bucket]) -> IndexRow:
    """Commit the files and what all users share, once the rows have proved to be those of the old snapshot.

    Returns:
        The row to be written into the index.

    Raises:
        StoreError: they are not.
    """
    shared = {
        table: read_table(store, table, old.partition, pl.lit(True)) for table in TABLES if table not in USER_TABLES
    }
    hashes = {table: hash_rows(frame) for table, frame in shared.items()}
    before = {table: reduce(add, (bucket.before[table] for bucket in written)) for table in USER_TABLES}
    if hash_snapshot(old.feature_hash, hashes | before) != old.snapshot_id:
        raise StoreError(
            f"The rows of the snapshot as of {old.as_of} in the ML store {store.uri!r} are not those that it was made "
            "known with: run `python -m features.rebuild`, then this again."
        )
    for table in USER_TABLES:
        files = [bucket.files[table] for bucket in written]
        commit_files(store, table, new.partition, written[0].schemas[table], files)
        hashes[table] = reduce(add, (file.rows for file in files))
    for table, frame in shared.items():
        write_table(store, table, frame, new.partition)
    return replace(new, snapshot_id=hash_snapshot(new.feature_hash, hashes))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring.

    Returns:
        The exit code: 0, or 1 with one line on stderr, also where a sync or maintenance is at work.
    """
    command = Command("features.rebucket", __doc__, has_json=True, has_logs=True)
    command.add_argument("--buckets", type=_parse_number, help="how many; NUM_BUCKETS, or by size, if not given")
    return command.run(_rebucket, arguments, (StoreError,))


def _parse_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_BUCKETS:
        raise argparse.ArgumentTypeError(f"not a number of buckets: {text!r}; write 1 to {MOST_BUCKETS}")
    return int(text)


def _rebucket(options: argparse.Namespace) -> Result:
    settings, started = load_settings(), time.perf_counter()
    store = MLStore.of(settings)
    num_buckets = options.buckets or wish_num_buckets(store, settings.num_buckets)
    done = rebucket(store, num_buckets)
    summary = {
        "as_of": done.index.as_of,
        "num_buckets": num_buckets,
        "before": done.before,
        "seconds": round(time.perf_counter() - started, 1),
    }
    logger.info("users shared anew %s", " ".join(f"{key}={value}" for key, value in summary.items()))
    return Result(report=summary)


if __name__ == "__main__":
    sys.exit(main())
