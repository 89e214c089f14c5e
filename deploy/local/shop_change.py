"""`make shop`: gives an installation another shop. What was made for the one before is set aside, whole.

Store, lists, versions with their alias, and runs go together: `VAR_DIR/before/INSTANT` is an installation of its own,
and what remains is as new: nothing of the other shop can be served, compared with or synced into. A note says what is
under way, so that `make shop` or `make up` finishes a change that was killed anywhere.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.interpreter import SetupError
from deploy.local.installed_shop import choose_another_shop, holds_shop, name_installed_shop
from deploy.local.preflight import check_folder
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import Board
from deploy.shop_check import check_shop
from deploy.shop_choice import SHOP_HELP, ShopChoice
from settings import Settings, load_settings
from settings.kept import KEPT_FILE, describe_given, read_kept_settings, write_private

NOTE = "shop-change.json"
ASIDE = "before"
OF_A_SHOP = (
    *(f"{name}.db{part}" for name in ("shop", "platform") for part in ("", "-wal", "-shm")),
    *(
        "store",
        "mlflow",
        "airflow",
        "models",
        "snapshots",
        "training",
        "bentoml",
        "api",
        "images",
        "logs",
        "installation.id",
    ),
    KEPT_FILE,
)
"""What lies in `VAR_DIR` for one shop alone; what else a person put there stays."""
PLACES = ("platform_database_url", "ml_store_uri", "mlflow_tracking_uri", "mlflow_artifacts_uri")


def change_shop(given: str, board: Board, *, is_agreed: bool) -> None:
    """Give an installation another shop, unless it has it already, or none yet; nothing is started.

    Args:
        given: by `SHOP=` on the command line.
        board: where progress is shown.
        is_agreed: whether somebody said yes already, `YES=1`.

    Raises:
        SetupError: the other shop cannot be taken, or nobody agreed. Nothing was changed.
    """
    if not given:
        raise SetupError(f"Say which shop it shall be: make shop SHOP=... {SHOP_HELP}")
    settings, shop = choose_another_shop(given)
    if not holds_shop(settings.var_dir) or shop.text == name_installed_shop(settings.var_dir):
        return
    check_shop(shop, settings)
    check_folder(settings.var_dir)
    _require_new_places(settings, shop)
    if not is_agreed:
        _ask(settings.var_dir, shop)
    aside = f"{ASIDE}/{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    note = json.dumps({"aside": aside, "settings": describe_given(settings)})
    write_private(settings.var_dir / NOTE, note)
    finish_change(settings.var_dir, board)


def finish_change(var_dir: Path, board: Board) -> None:
    """Set aside what was made for the shop before, if a change was noted down and not finished."""
    path = var_dir / NOTE
    if not path.is_file():
        return
    note = json.loads(path.read_text(encoding="utf-8"))
    aside = var_dir / note["aside"]
    with board.step("Stop everything"):
        Supervisor(var_dir).shut_down()
    with board.step("Set the shop before aside") as step:
        aside.mkdir(parents=True, exist_ok=True)
        for name in OF_A_SHOP:
            if (var_dir / name).exists() and not (aside / name).exists():
                (var_dir / name).rename(aside / name)
        write_private(var_dir / KEPT_FILE, json.dumps(note["settings"], indent=1) + "\n")
        path.unlink()
        step.note = str(aside)
    load_settings.cache_clear()


def _require_new_places(settings: Settings, shop: ShopChoice) -> None:
    """Refuse a place outside of `VAR_DIR` that holds what was made for the shop before: it cannot be set aside.

    Raises:
        SetupError: names each of them.
    """
    kept, given = read_kept_settings(settings.var_dir), describe_given(settings)
    names = [*PLACES, "shop_database_url", "shop_owner_database_url"] if shop.loader else PLACES
    same = [name.upper() for name in names if name in given and given[name] == kept.get(name)]
    if same:
        raise SetupError(
            f"{' and '.join(same)} lead outside of VAR_DIR, where the rows of the shop before cannot be set aside: "
            "name another place for the new shop, or leave it out for one in VAR_DIR."
        )


def _ask(var_dir: Path, shop: ShopChoice) -> None:
    """Ask once before anything is set aside.

    Raises:
        SetupError: the answer is no, or there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise SetupError("Nobody can be asked here whether the shop shall change: add YES=1.")
    before = name_installed_shop(var_dir) or "demo"
    sys.stdout.write(
        f'SHOP="{before}" in {var_dir} becomes SHOP="{shop.text}". Services stop; database, store, lists, versions and '
        f"runs of the shop before go to {var_dir / ASIDE}.\nChange it? [y/N] "
    )
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise SetupError("Nothing was changed.")
