"""Backup of an installation on one machine, taken while it runs: `make backup TO=FOLDER`.

Parts are copied in an order in which none names what a later one lacks: the store, whose watermarks say how far the
shop was read; the platform's database, whose lists name versions and products; the shop's; MLflow's, whose versions
name files; those files; Airflow's. What happened meanwhile, the next sync and the next workflows do again.
"""

from datetime import UTC, datetime
from pathlib import Path

from api import __version__
from deploy.backups.folder import Manifest, begin, copy_database, copy_file, finish
from deploy.backups.revisions import read_revisions
from deploy.backups.store import STORE, copy_store
from deploy.interpreter import SetupError
from deploy.local.shop_change import PLACES
from deploy.progress import Board
from features.store import MLStore
from settings import Settings
from settings.fields import derive
from settings.kept import KEPT_FILE, PORTS
from shop.migrate import SCHEMAS


def back_up(settings: Settings, to: Path, board: Board) -> Manifest:
    """Copy an installation into a new folder, which appears under its name when it is whole.

    Args:
        settings: where things run.
        to: the folder, which is not there yet.
        board: where progress is shown.

    Raises:
        SetupError: there is nothing to copy, something lies outside of `VAR_DIR`, or the folder is there already.
    """
    var_dir = settings.var_dir
    _require_all_here(settings)
    unfinished = begin(to)
    taken_at = datetime.now(UTC)
    with board.step("Tables of the store"):
        copy_store(MLStore.of(settings), var_dir / STORE, unfinished / STORE)
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
            copy_file(var_dir / path, unfinished / path)
    with board.step("Checksums"):
        copied = {name: unfinished / f"{name}.db" for name in SCHEMAS}
        revisions = read_revisions({name: f"sqlite:///{path}" for name, path in copied.items() if path.is_file()})
        return finish(to, taken_at, __version__, revisions)


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


def _list_further(var_dir: Path) -> list[Path]:
    """Name what no database and no table holds: files of versions, keys and passwords, pictures, settings."""
    artefacts = [path for path in (var_dir / "mlflow").rglob("*") if not path.name.startswith("mlflow.db")]
    kept = [var_dir / name for name in (KEPT_FILE, "installation.id", "airflow/passwords.json")]
    trees = [path for name in ("models", "images") for path in (var_dir / name).rglob("*")]
    return [path.relative_to(var_dir) for path in (*artefacts, *trees, *kept) if path.is_file()]
