"""Copy of the ML store's tables in a folder, taken while others write them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from deltalake import DeltaTable

from deploy.backups.folder import copy_file
from deploy.interpreter import SetupError
from features.store import MLStore
from features.store_format import FILE as FORMAT_FILE

STORE = "store"
LOG = "_delta_log"
INDEX_FIRST = ("snapshots", "_pins")
"""Tables that name what others hold; they are copied before those."""
TRIES = 3
"""Copies of a table whose old files are deleted meanwhile."""


def copy_store(store: MLStore, source: Path, target: Path) -> None:
    """Copy every table at the version that it has when its turn comes.

    Args:
        store: the tables.
        source: the folder in which they lie.
        target: a folder that is not there yet.

    Raises:
        SetupError: files of a table vanished at every try.
    """
    target.mkdir(mode=0o700)
    copy_file(source / FORMAT_FILE, target / FORMAT_FILE)
    for name in sorted(store.tables(), key=lambda name: name not in INDEX_FIRST):
        for _ in range(TRIES):
            shutil.rmtree(target / name, ignore_errors=True)
            for path in _list_table(source / name):
                copy_file(path, target / name / path.relative_to(source / name))
            if _is_whole(MLStore(str(target)), name):
                break
        else:
            raise SetupError(f"Files of the table {name} vanished {TRIES} times while it was copied: try again later.")


def _list_table(table: Path) -> Iterator[Path]:
    """Yield the files of a table, its log first: what a commit names was written before it."""
    log = sorted(path for path in (table / LOG).iterdir() if path.is_file())
    yield from sorted(log, key=lambda path: path.name != "_last_checkpoint")
    yield from sorted(path for path in table.rglob("*") if path.is_file() and (table / LOG) not in path.parents)


def _is_whole(store: MLStore, table: str) -> bool:
    sizes = store.files.sizes(table)
    opened: DeltaTable = store.open(table)
    return all(sizes.get(f"{table}/{path}") == size for path, size in store.list_files(opened).items())
