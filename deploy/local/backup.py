"""Backup of an installation on one machine, taken while it runs: `make backup TO=FOLDER`.

Parts are copied in an order in which none names what a later one lacks: the store, whose watermarks say how far the
shop was read; the platform's database, whose lists name versions and products; the shop's; MLflow's, whose versions
name files; those files; Airflow's. What happened meanwhile, the next sync and the next workflows do again.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deltalake import DeltaTable
from pydantic import TypeAdapter

from api import __version__
from deploy.interpreter import SetupError
from deploy.local.shop_change import PLACES
from deploy.progress import Board
from features.store import MLStore
from settings import Settings
from settings.fields import derive
from settings.kept import KEPT_FILE, PORTS, write_private
from shop.database import engine_scope, open_engine
from shop.migrate import SCHEMAS, Schema, read_revision

MANIFEST = "backup.json"
UNFINISHED = ".unfinished"
STORE = "store"
LOG = "_delta_log"
INDEX_FIRST = ("snapshots", "_pins")
"""Tables that name what others hold; they are copied before those."""
TRIES = 3
"""Copies of a table whose old files are deleted meanwhile."""
CHUNK = 2**20


@dataclass(frozen=True)
class BackedUpFile:
    """A file of a backup: its bytes and their SHA-256."""

    size: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        taken_at: when it was begun.
        version: of the release that took it.
        revisions: of each schema.
        files: by path below `VAR_DIR`.
    """

    taken_at: datetime
    version: str
    revisions: dict[str, str]
    files: dict[str, BackedUpFile]


MANIFESTS = TypeAdapter(Manifest)


def back_up(settings: Settings, to: Path, board: Board) -> Manifest:
    """Copy an installation into a new folder, which appears under its name when it is whole.

    Args:
        settings: where things run.
        to: the folder, which is not there yet.
        board: where progress is shown.

    Raises:
        SetupError: there is nothing to copy, something lies outside of `VAR_DIR`, or the folder is there already.
    """
    var_dir, unfinished = settings.var_dir, to.with_name(to.name + UNFINISHED)
    _require_all_here(settings)
    if to.exists():
        raise SetupError(f"{to} is there already: name a new folder, such as TO={to}-2.")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    taken_at = datetime.now(UTC)
    with board.step("Tables of the store"):
        _copy_store(MLStore.of(settings), var_dir / STORE, unfinished / STORE)
    for title, name in (
        ("Lists, events, audit log", "platform.db"),
        ("The shop", "shop.db"),
        ("MLflow's runs and versions", "mlflow/mlflow.db"),
        ("Airflow's runs", "airflow/airflow.db"),
    ):
        if (var_dir / name).is_file():
            with board.step(title):
                copy_database(var_dir / name, unfinished / name)
    with board.step("Files of versions, settings"):
        for path in _list_further(var_dir):
            _copy(var_dir / path, unfinished / path)
    with board.step("Checksums"):
        revisions = {name: _read_revision(unfinished, schema) for name, schema in SCHEMAS.items()}
        manifest = Manifest(taken_at, __version__, revisions, describe_files(unfinished))
        write_private(unfinished / MANIFEST, MANIFESTS.dump_json(manifest, indent=1).decode())
    unfinished.rename(to)
    return manifest


def describe_files(folder: Path) -> dict[str, BackedUpFile]:
    """Return size and hash of every file below a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): describe_file(path) for path in files}


def describe_file(path: Path) -> BackedUpFile:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        return BackedUpFile(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database as it stands at one moment, while others read and write it."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file; who opens it next chooses again


def _require_all_here(settings: Settings) -> None:
    """Make sure that `VAR_DIR` holds all of the installation.

    Raises:
        SetupError: it holds none, or a part of it lies elsewhere.
    """
    var_dir = settings.var_dir
    if not (var_dir / KEPT_FILE).is_file():
        raise SetupError(f"There is no installation in {var_dir}: `make up` makes one, VAR_DIR names another.")
    places = derive({"var_dir": var_dir, **{name: getattr(settings, name) for name in PORTS}})
    names = [*PLACES, *([] if settings.shop_mapping else ["shop_database_url"])]  # a mapped shop is not ours
    elsewhere = [name for name in names if getattr(settings, name) != places[name]]
    if elsewhere:
        raise SetupError(
            f"{' and '.join(name.upper() for name in elsewhere)} lead outside of VAR_DIR, which alone is copied here: "
            "back those places up with tools of their own."
        )


def _copy_store(store: MLStore, source: Path, target: Path) -> None:
    """Copy every table at the version that it has when its turn comes."""
    target.mkdir(mode=0o700)
    tables = store.tables()
    for name in sorted(tables, key=lambda name: name not in INDEX_FIRST):
        for _ in range(TRIES):
            shutil.rmtree(target / name, ignore_errors=True)
            for path in _list_table(source / name):
                _copy(path, target / name / path.relative_to(source / name))
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


def _list_further(var_dir: Path) -> list[Path]:
    """Name what no database and no table holds: files of versions, keys and passwords, pictures, settings."""
    artefacts = [path for path in (var_dir / "mlflow").rglob("*") if not path.name.startswith("mlflow.db")]
    kept = [var_dir / name for name in (KEPT_FILE, "installation.id", "airflow/passwords.json")]
    trees = [path for name in ("models", "images") for path in (var_dir / name).rglob("*")]
    return [path.relative_to(var_dir) for path in (*artefacts, *trees, *kept) if path.is_file()]


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its rights; one that is deleted meanwhile is left out, as its owner does."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def _read_revision(folder: Path, schema: Schema) -> str:
    """Return the revision that a copied database has; empty where there is none."""
    path = folder / f"{schema.name}.db"
    if not path.is_file():
        return ""
    with engine_scope(open_engine(f"sqlite:///{path}", read_only=True)) as engine:
        return read_revision(engine, schema)
