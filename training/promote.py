"""Promotion and rollback by hand: moves the alias `champion`.

    python -m training.promote 5 [--expected 4]      let version 5 serve, if version 4 still does
    python -m training.promote --rollback            let the version before serve again

What reaches shoppers is the same as after a move in MLflow's UI; the audit log names who moved, from where, to where.
"""

import argparse
import getpass
import sys

from sqlalchemy import Engine

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine
from training.registry.alias import Move, MoveError, move_champion
from training.registry.audit_log import find_served_before
from training.registry.client import CHAMPION, Registry, connect
from training.registry.eligibility import LOAD_FAILED, OVERRIDE, find_bar
from training.registry.errors import RegistryError
from training.registry.installation import read_installation


def promote(registry: Registry, engine: Engine, options: argparse.Namespace) -> Move:
    """Move the alias as asked.

    Args:
        registry: where the alias lives.
        engine: the platform's database, for the audit log.
        options: version, rollback, expected, override and reason of the command line.

    Raises:
        MoveError: the version may not serve, there is nothing to go back to, or the alias is not where it should be.
        RegistryError: MLflow does not answer, or has no such version.
    """
    current = registry.resolve_alias(CHAMPION)
    version = _find_version_before(registry, engine, current) if options.rollback else options.version
    tags = registry.tags(version)
    if options.override:
        registry.tag(version, OVERRIDE, options.override)
    elif bar := find_bar(tags):
        raise MoveError(f"version {version} may not serve: {bar}, or give --override")
    if LOAD_FAILED in tags:
        raise MoveError(
            f"version {version} does not load: {tags[LOAD_FAILED]} Once it is mended, remove its tag {LOAD_FAILED!r}."
        )
    expected = current if options.expected is None else options.expected
    why = options.reason or ("rolled back" if options.rollback else "promoted from a terminal")
    return move_champion(registry, engine, version, expected, actor=_name_user(), why=why)


def _name_user() -> str:
    """Name who runs the command; in a container the user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "a user without a name"


def _find_version_before(registry: Registry, engine: Engine, current: int | None) -> int:
    previous = find_served_before(registry, engine, current)
    if previous is None:
        raise MoveError(f"no version but {current} has served yet: name one, `make promote VERSION=n`")
    return previous


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when the alias is where it was wanted, 1 when it was not moved.
    """
    command = Command("training.promote", __doc__)
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("version", type=int, nargs="?", help="number of the version that shall serve")
    target.add_argument("--rollback", action="store_true", help="the version that served before")
    command.add_argument("--expected", type=int, help="version that serves now; default: whatever does at the start")
    command.add_argument("--override", metavar="WHY", help="serve a refused version all the same, for this reason")
    command.add_argument("--reason", help="for the audit log")
    return command.run(_promote, arguments, (MoveError, RegistryError))


def _promote(options: argparse.Namespace) -> Result:
    settings = load_settings()
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    registry.require_own(read_installation(settings.var_dir))
    try:
        with engine_scope(open_engine(settings.platform_database_url)) as engine:
            move = promote(registry, engine, options)
    except ShopFailedError as err:
        raise CommandError(f"the audit log cannot be written: {err}") from err
    before = "nothing" if move.previous is None else f"version {move.previous}"
    return Result(f"{CHAMPION} moved from {before} to version {move.version}")


if __name__ == "__main__":
    sys.exit(main())
