"""What a snapshot says of users, written bucket by bucket and committed at once.

The files of a bucket lie where the tables' partitions do, and no reader sees them until one commit a table adds those
of all buckets, and the index names their partition. A bucket's note in the workspace says which files are its.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from features.snapshot.fingerprint import RowsHash, hash_rows
from features.snapshot.workspace import Workspace
from features.store import TABLE_CONFIGURATION, MLStore
from features.store_failures import StoreError

USER_TABLES = ("users", "user_categories", "history", "exclusions")
PARTITIONS = ["as_of", "bucket"]
ATTEMPTS = 5


@dataclass(frozen=True)
class BucketFile:
    """The rows of one bucket in one table.

    Attributes:
        bucket: whose rows they are.
        path: of the file in the table's folder; None where there are no rows.
        size: bytes.
        rows: their number and hash.
    """

    bucket: int
    path: str | None
    size: int
    rows: RowsHash


BucketFiles = dict[str, BucketFile]


def write_bucket(store: MLStore, workspace: Workspace, bucket: int, frames: Mapping[str, pl.DataFrame]) -> BucketFiles:
    """Write the rows of one bucket, and then note them.

    Args:
        store: the ML store.
        workspace: of the rebuild, which the rows' partition is named like.
        bucket: whose rows they are.
        frames: the USER_TABLES, with a column `bucket`.
    """
    files = write_files(store, workspace.name, bucket, frames)
    workspace.write_note(_name_note(bucket), {"files": {table: asdict(file) for table, file in files.items()}})
    return files


def write_files(store: MLStore, partition: str, bucket: int, frames: Mapping[str, pl.DataFrame]) -> BucketFiles:
    """Write the rows of one bucket where the partition has its files; no reader sees them yet."""
    files = {}
    for table in USER_TABLES:
        frame, path, size = frames[table], None, 0
        if frame.height:
            path = f"as_of={partition}/bucket={bucket}/{uuid4()}.parquet"
            size = store.files.write_rows(f"snapshot_{table}/{path}", frame.drop("bucket"))
        files[table] = BucketFile(bucket, path, size, hash_rows(frame))
    return files


def find_buckets(store: MLStore, workspace: Workspace, num_buckets: int) -> dict[int, BucketFiles]:
    """Find the buckets that somebody has noted and whose files are all there."""
    notes = {bucket: workspace.read_note(_name_note(bucket)) for bucket in range(num_buckets)}
    sizes = {table: store.files.sizes(f"snapshot_{table}") for table in USER_TABLES}
    found = {
        bucket: {table: _read_file(file) for table, file in note["files"].items()}
        for bucket, note in notes.items()
        if note is not None
    }
    return {
        bucket: files
        for bucket, files in found.items()
        if all(
            file.path is None or sizes[table].get(f"snapshot_{table}/{file.path}") == file.size
            for table, file in files.items()
        )
    }


def _name_note(bucket: int) -> str:
    return f"bucket-{bucket}"


def _read_file(file: Mapping[str, Any]) -> BucketFile:
    return BucketFile(**{**file, "rows": RowsHash(**file["rows"])})


def commit_files(store: MLStore, table: str, partition: str, schema: pl.Schema, files: Sequence[BucketFile]) -> None:
    """Let the files of all buckets be the table's rows in a partition, in one commit.

    Args:
        store: the ML store.
        table: one of USER_TABLES.
        partition: the value of `as_of` that they have.
        schema: of the rows, with `bucket`.
        files: one for each bucket.

    Raises:
        StoreError: others keep committing to the table.
    """
    name, kept = f"snapshot_{table}", [file for file in files if file.path is not None]
    declared = pl.DataFrame(schema={**schema, "as_of": pl.String})
    for _ in range(ATTEMPTS):
        existed = store.exists(name)
        try:
            if existed:
                _replace(store, name, partition, declared, kept)
            else:
                _create(store, name, partition, declared, kept)
            return
        except CommitFailedError:
            continue  # the table has a newer version, read before the next try
        except DeltaError:
            if existed or not store.exists(name):
                raise
    raise StoreError(f"Others keep committing to the table {name!r} of the ML store {store.uri!r}: rebuild again.")


def _create(store: MLStore, name: str, partition: str, declared: pl.DataFrame, files: Sequence[BucketFile]) -> None:
    create_table_with_add_actions(
        store.table_uri(name),
        Schema.from_arrow(declared.to_arrow().schema),
        [_add(partition, file) for file in files],
        partition_by=PARTITIONS,
        configuration=TABLE_CONFIGURATION,
        storage_options=store.storage_options,
    )


def _replace(store: MLStore, name: str, partition: str, declared: pl.DataFrame, files: Sequence[BucketFile]) -> None:
    delta = store.open(name)
    if not {*declared.columns} <= {field.name for field in delta.schema().fields}:
        write_deltalake(delta, declared, mode="append", schema_mode="merge")  # the columns alone
        delta = store.open(name)
    there = _list_actions(delta, partition)
    added = {file.path for file in files}
    actions = [_add(partition, file) for file in files if file.path not in there]
    actions += [remove for path, remove in there.items() if path not in added]
    if actions:
        delta.create_write_transaction(
            actions,
            "append",
            delta.schema(),
            partition_by=PARTITIONS,
            commit_properties=CommitProperties(max_commit_retries=0),
        )


def _add(partition: str, file: BucketFile) -> AddAction:
    assert file.path is not None
    statistics = f'{{"numRecords": {file.rows.num_rows}}}'
    return AddAction(file.path, file.size, _name_values(partition, file.bucket), _now_millis(), True, statistics)


def _list_actions(delta: DeltaTable, partition: str) -> dict[str, RemoveAction]:
    """Return what would take out each file that a partition holds, by its path."""
    actions = pl.DataFrame(delta.get_add_actions(flatten=True))
    if actions.is_empty():
        return {}
    rows = actions.filter(pl.col("partition.as_of") == partition).iter_rows(named=True)
    paths = {unquote(row["path"]): row for row in rows}
    return {
        path: RemoveAction(
            path, True, _now_millis(), row["size_bytes"], _name_values(partition, row["partition.bucket"])
        )
        for path, row in paths.items()
    }


def _name_values(partition: str, bucket: int) -> dict[str, str]:
    return {"as_of": partition, "bucket": str(bucket)}


def _now_millis() -> int:
    return int(time.time() * 1000)
