"""Configure the storefront: `python -m shop.storefront write FILE | show | remove`.

The file is described in docs/how-it-works/storefront.md. The pages follow within seconds; nothing is built or started
anew.
"""

import argparse
import sys
from pathlib import Path

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine
from shop.storefront.config import InvalidStorefrontError
from shop.storefront.document import read_document, remove_document, write_document


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.storefront", __doc__, failed="the storefront stays as it is")
    actions = command.add_subparsers(
        dest="action", required=True, metavar="{write,show,remove}", parser_class=argparse.ArgumentParser
    )
    actions.add_parser("write", help="check a file and configure the storefront by it").add_argument("file", type=Path)
    actions.add_parser("show", help="print what was written last")
    actions.add_parser("remove", help="go back to the defaults")
    return command.run(_configure, arguments, (InvalidStorefrontError, ShopFailedError))


def _configure(options: argparse.Namespace) -> Result:
    document = _read_file(options.file) if options.action == "write" else ""
    settings = load_settings()
    with (
        engine_scope(open_engine(settings.catalogue_database_url)) as shop,
        engine_scope(open_engine(settings.platform_database_url)) as engine,
        engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection,
    ):
        if options.action == "show":
            return Result(read_document(connection) or "nothing was written: the storefront has its defaults")
        if options.action == "remove":
            had_one = remove_document(connection)
            return Result("the storefront has its defaults again" if had_one else "the storefront had its defaults")
        with shop.connect() as catalogue:
            write_document(connection, document, catalogue)
    return Result(f"the storefront follows {options.file}")


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise CommandError(f"{path} cannot be read as UTF-8 text: {err}") from err


if __name__ == "__main__":
    sys.exit(main())
