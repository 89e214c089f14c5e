"""Check of `SHOP=`, which says what fills an empty shop, before anything is made or started. Standard library only."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

from deploy.interpreter import SetupError
from shop.load_options import make_command

SHOP_HELP = "Give demo, 'directory DIR' or 'synthetic --users N --products N --orders N'; see docs/loading.md."


def check_shop(shop: Sequence[str]) -> None:
    """Check what shall fill an empty shop, as far as it can be seen before anything is started.

    Raises:
        SetupError: `python -m shop.load` would not take it.
    """
    words = io.StringIO()
    try:
        with contextlib.redirect_stderr(words):
            options = make_command().parse_args(shop)
    except SystemExit:
        reason = words.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise SetupError(f'SHOP="{" ".join(shop)}" cannot be loaded: {reason}. {SHOP_HELP}') from None
    if options.source == "directory" and not options.folder.is_dir():
        raise SetupError(f'SHOP="{" ".join(shop)}" cannot be loaded: there is no folder {options.folder}. {SHOP_HELP}')
