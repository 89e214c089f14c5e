"""The launcher: `python -m deploy.local up | shop | down | status | backup | restore | preflight`.

`make` calls it through `deploy/local/bootstrap.py`, which makes the environment first.
"""

import argparse
import shlex
import sys
import time
from pathlib import Path

import httpx

from command import Command, CommandError, Result
from deploy.interpreter import SetupError
from deploy.local.preflight import check_machine
from deploy.progress import Board, format_seconds
from deploy.shop_choice import SHOP_HELP
from settings import Settings, load_settings
from settings.loading import load_settings_of_any_release


def main(arguments: list[str] | None = None) -> int:
    """Run the command; what a person can fix ends it with one clear message and code 1."""
    command = Command("deploy.local", __doc__, failed="")
    command.add_argument("command", choices=["up", "shop", "down", "status", "backup", "restore", "preflight"])
    command.add_argument("--shop", default="", help=f"which shop (default: the installation's, else demo). {SHOP_HELP}")
    command.add_argument("--folder", type=Path, help="of the backup")
    command.add_argument("--yes", action="store_true", help="change the shop without asking")
    command.add_argument(
        "--began", type=float, default=time.time(), help="when set-up began, seconds since 1970, so that it counts"
    )
    return command.run(_run, arguments, (SetupError,))


def _run(options: argparse.Namespace) -> Result:
    settings = load_settings_of_any_release() if options.command in ("down", "status") else load_settings()
    logs = settings.var_dir / "logs"
    try:
        _choose(options, settings)
    except (httpx.HTTPError, TimeoutError) as err:
        raise CommandError(f"A service stopped answering ({err}). See `make status` and the logs in {logs}.") from err
    return Result()


def _choose(options: argparse.Namespace, settings: Settings) -> None:
    match options.command:
        case "preflight":
            check_machine(settings)
        case "up" | "shop":
            _up(options)
        case "down":
            _down(settings)
        case "backup" | "restore":
            _move_backup(options.command, options.folder, settings)
        case _:
            _status(settings)


def _up(options: argparse.Namespace) -> None:
    from deploy.local.installed_shop import choose_shop, require_usable
    from deploy.local.restore import require_whole
    from deploy.local.shop_change import change_shop, finish_change

    board = Board()
    require_whole(load_settings().var_dir)
    try:
        finish_change(load_settings().var_dir, board)
        if options.command == "shop":
            change_shop(options.shop, board, is_agreed=options.yes)
        settings, shop = choose_shop(options.shop)
        require_usable(shop, settings)

        from deploy.local.up import bring_up  # MLflow alone takes seconds, and what is wrong shall be said before

        summary = bring_up(settings, shop, board)
    except KeyboardInterrupt:
        raise CommandError("Interrupted. `make status` tells what runs on, `make down` stops it.") from None
    board.say(f"\n{summary}\n\nReady after {format_seconds(time.time() - options.began)}.")


def _move_backup(command: str, folder: Path | None, settings: Settings) -> None:
    from deploy.local.backup import back_up
    from deploy.local.restore import restore

    board, var_dir = Board(), settings.var_dir
    if folder is None:
        raise SetupError("Name the folder of the backup: make backup TO=FOLDER, or make restore FROM=FOLDER.")
    if command == "backup":
        manifest, then = back_up(settings, folder, board), f"make restore FROM={shlex.quote(str(folder))} VAR_DIR=NEW"
    else:
        manifest, then = restore(var_dir, folder, board), f"make up VAR_DIR={shlex.quote(str(var_dir))}"
    board.say(f"\n{manifest.megabytes:,.0f} MB of {manifest.taken_at:%Y-%m-%d %H:%M} UTC. Next: {then}")


def _down(settings: Settings) -> None:
    from deploy.local.supervision.supervise import Supervisor

    with Board().step("Stop everything") as step:
        count = Supervisor(settings.var_dir).shut_down()
        step.note = f"{count} processes ended" if count else "nothing was running"


def _status(settings: Settings) -> None:
    from deploy.local.report import describe_status

    Board().say(describe_status(settings))


if __name__ == "__main__":
    sys.exit(main())
