"""Choice of the shop, `SHOP=`: what fills an empty shop, or the mapping that reads a shop's own database.

What can be seen without any package is checked here, before anything is made; `deploy.shop_check` opens files and
database. Standard library only.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from dataclasses import dataclass
from pathlib import Path

from command import Command
from deploy.interpreter import SetupError
from shop.loaders.options import REQUIRED_FILES, find_mapping, make_command

MAPPING = "mapping"
SHOP_HELP = (
    "Give demo, 'directory DIR', 'directory DIR --mapping NAME' for exports, 'mapping FILE' with SHOP_DATABASE_URL for "
    "a database, or 'synthetic --users N --products N --orders N'; see docs/your-shop.md."
)


@dataclass(frozen=True)
class ShopChoice:
    """A shop, as a person named it.

    Attributes:
        text: what was given, with whole paths, so that it says the same wherever it is read again.
        loader: arguments of `python -m shop.load`; none for a shop that is read in its own database.
        mapping: what the tables of the shop's own database mean, a file or a ready one's name; empty for a shop that is
            loaded.
        folder: of files; `None` where there is none.
        files_mapping: what the files mean; empty for canonical tables.
    """

    text: str
    loader: tuple[str, ...] = ()
    mapping: str = ""
    folder: Path | None = None
    files_mapping: str = ""


def read_shop(shop: str) -> ShopChoice:
    """Read `SHOP=`, and check it as far as it can be seen before anything is started.

    Raises:
        SetupError: no shop can come of it; the message says why, and what can be given.
    """
    errors = io.StringIO()
    try:
        words = shlex.split(shop)
        with contextlib.redirect_stderr(errors):
            options = _choose_parser(words).parse_args(words)
    except SystemExit:
        lines = errors.getvalue().strip().splitlines() or ["error: it names none"]
        raise refuse(shop, lines[-1].partition("error: ")[2]) from None
    except ValueError as err:
        raise refuse(shop, f"{err} (a quotation mark)") from None
    if options.source == MAPPING:
        return ShopChoice(shlex.join([MAPPING, options.file]), mapping=options.file)
    folder, files_mapping = getattr(options, "folder", None), getattr(options, "mapping", None) or ""
    if folder is not None and (fault := _find_folder_fault(folder, has_mapping=bool(files_mapping))):
        raise refuse(shop, fault)
    whole = {Path(each): str(Path(each).absolute()) for each in (folder, files_mapping) if each and Path(each).exists()}
    words[1:] = [whole.get(Path(word), word) for word in words[1:]]
    return ShopChoice(shlex.join(words), tuple(words), folder=folder, files_mapping=files_mapping)


def refuse(shop: str, reason: str) -> SetupError:
    """Compose what is said of a shop that cannot be taken."""
    return SetupError(f'SHOP="{shop}" cannot be taken: {reason.rstrip(".")}. {SHOP_HELP}')


def _choose_parser(words: list[str]) -> Command:
    if words[:1] != [MAPPING]:
        return make_command()
    parser = Command("SHOP", "A shop in its own database.")
    parser.add_argument("source", choices=[MAPPING])
    parser.add_argument("file", type=_locate_mapping)
    return parser


def _locate_mapping(text: str) -> str:
    """Name a file so that every later command finds it, wherever it runs."""
    name = find_mapping(text)
    return str(Path(name).absolute()) if Path(name).is_file() else name


def _find_folder_fault(folder: Path, *, has_mapping: bool) -> str:
    if not folder.is_dir():
        return f"there is no folder {folder}"
    missing = [
        name
        for name in REQUIRED_FILES
        if not any((folder / f"{name}{kind}").is_file() for kind in (".parquet", ".csv"))
    ]
    if has_mapping or not missing:
        return ""
    return (
        f"{folder} lacks {', '.join(f'{name}.csv' for name in missing)} (or .parquet); for exports in another form add "
        "--mapping shopify-csv, woocommerce-csv, single-file or a file of yours"
    )
