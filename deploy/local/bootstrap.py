"""From a fresh clone to a Python environment, then on to the launcher: `python3 -m deploy.local.bootstrap COMMAND`.

Runs on whatever Python the machine has, with the standard library only. Commands: `environment` makes `.venv` and
stops there; `up` and `shop` make it and start everything; `down` and `status` go straight to the launcher, `step
MODULE ...` to a step of a workflow.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from deploy.interpreter import SetupError
from deploy.local.environment import PYTHON, ROOT, ensure_environment, is_current
from deploy.progress import Board
from deploy.shop_choice import read_shop

STARTING = ("up", "shop")


def main() -> None:
    """Prepare what the command needs, then become the launcher."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.local.bootstrap", description=__doc__)
    parser.add_argument("command", choices=["environment", "up", "shop", "down", "status", "step"])
    parser.add_argument("--python", help="interpreter to make the environment of (default: the machine's own)")
    parser.add_argument("--shop", default="", help="the shop: what fills an empty one, or what reads its database")
    parser.add_argument("--torch-place", default="", help="index or folder to take torch from (default: choose)")
    arguments, passed_on = parser.parse_known_args()
    if arguments.command in STARTING:
        passed_on += ["--began", str(time.time()), *(["--shop", arguments.shop] if arguments.shop else [])]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if arguments.shop:
            read_shop(arguments.shop)
        if arguments.command in {"environment", *STARTING} and not is_current():
            check_first = ["-m", "deploy.local", "preflight"] if arguments.command in STARTING else []
            ensure_environment(arguments.python, Board(), check_first=check_first, torch_place=arguments.torch_place)
    except SetupError as err:
        sys.exit(f"\n{err}")
    except OSError as err:
        sys.exit(f"\nSet-up cannot go on: {err}. Is the disk full, or does the folder belong to another user?")
    except KeyboardInterrupt:
        sys.exit("\nStopped. What was half-made is removed, by the next run at the latest.")
    if arguments.command == "environment":
        return
    if not PYTHON.exists():
        sys.stdout.write("Nothing was started from this folder: it has no environment yet. `make up` makes it.\n")
        sys.exit(1 if arguments.command == "step" else 0)
    os.chdir(ROOT)
    module = [] if arguments.command == "step" else ["deploy.local", arguments.command]
    os.execv(PYTHON, [str(PYTHON), "-m", *module, *passed_on])


if __name__ == "__main__":
    main()
