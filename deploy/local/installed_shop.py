"""The shop that an installation has: named by `SHOP=`, kept in `VAR_DIR`, and no other takes its place unasked."""

import shlex
from pathlib import Path

from deploy.fill_shop import has_orders
from deploy.interpreter import SetupError
from deploy.shop_check import check_shop
from deploy.shop_choice import MAPPING, ShopChoice, read_shop
from features.store import MLStore
from features.sync.report import RUNS_TABLE
from settings import Settings, load_settings
from settings.kept import read_kept_settings
from settings.loading import load_settings_of_another_shop
from shop.database import open_engine


def choose_shop(given: str) -> tuple[Settings, ShopChoice]:
    """Find out which shop is meant, and the settings of an installation with it.

    Args:
        given: by `SHOP=` on the command line; empty = the one that the installation has, else the demo.

    Raises:
        SetupError: no shop can come of it, or another one was loaded or synced before.
    """
    kept = load_settings()
    settings, shop = _combine(kept, given)
    if name_installed_shop(kept.var_dir) in ("", shop.text):
        return settings, shop
    if holds_shop(kept.var_dir):
        installed = name_installed_shop(kept.var_dir)
        raise SetupError(
            f'SHOP="{installed}" is the shop of this installation: `make shop SHOP="{shop.text}"` changes it. '
            "Another one beside it wants a VAR_DIR and ports of its own."
        )
    return choose_another_shop(given)


def choose_another_shop(given: str) -> tuple[Settings, ShopChoice]:
    """Find out what the settings will be with another shop, which inherits no database from the one before.

    Raises:
        SetupError: no shop can come of it.
    """
    return _combine(load_settings_of_another_shop(), given)


def _combine(settings: Settings, given: str) -> tuple[Settings, ShopChoice]:
    mapped = shlex.join([MAPPING, settings.shop_mapping]) if settings.shop_mapping else ""
    shop = read_shop(given or mapped or settings.shop)
    named = load_settings_of_another_shop().shop_mapping
    if given and named and read_shop(shlex.join([MAPPING, named])).mapping != shop.mapping:
        raise SetupError(f'SHOP="{given}" and SHOP_MAPPING={named} name two shops: give one of them.')
    return settings.model_copy(update={"shop": shop.text, "shop_mapping": shop.mapping}), shop


def require_usable(shop: ShopChoice, settings: Settings) -> None:
    """Check files or database of a shop that nothing was taken from yet; later ones are the workflows' to judge.

    Raises:
        SetupError: something is missing; all of it is named.
    """
    if not holds_shop(settings.var_dir):
        check_shop(shop, settings)


def name_installed_shop(var_dir: Path) -> str:
    """Return what `SHOP=` was when the installation was last started; empty before the first time."""
    return str(read_kept_settings(var_dir).get("shop", ""))


def holds_shop(var_dir: Path) -> bool:
    """Return whether anything was loaded into `VAR_DIR`, or synced into the store that goes with it."""
    store = str(read_kept_settings(var_dir).get("ml_store_uri", var_dir / "store"))
    return _is_filled(var_dir / "shop.db") or MLStore(store).exists(RUNS_TABLE)


def _is_filled(database: Path) -> bool:
    if not database.is_file():
        return False
    engine = open_engine(f"sqlite:///{database}")
    try:
        return has_orders(engine)
    finally:
        engine.dispose()
