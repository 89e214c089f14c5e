"""Write `dags/requirements.production.txt`: what the workflows' image has beyond the full lock. Part of `make lock`."""

import argparse
import subprocess
import sys

from command import Command, CommandError, Result
from deploy.development.lockfile import LOCK, ROOT, requirement_files, resolve
from deploy.interpreter import find_interpreters

EXTRA = ROOT / "dags" / "requirements.production.in"
EXTRA_LOCK = EXTRA.with_suffix(".txt")
PYTHON = (3, 11)  # of the images
HEAD = f"""\
# What {EXTRA.name} adds to requirements.txt, with versions; made by `make lock`, do not edit by hand.
"""


def main(arguments: list[str] | None = None) -> int:
    """Resolve both together for the images' Python, keep what the full lock lacks."""
    return Command("deploy.development.production_lockfile", __doc__, failed="").run(_lock, arguments)


def _lock(_options: argparse.Namespace) -> Result:
    locked = {line.partition("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines()}
    python = find_interpreters().get(PYTHON)
    if python is None:
        raise CommandError(
            f"{EXTRA_LOCK.relative_to(ROOT)} needs Python {PYTHON[0]}.{PYTHON[1]}, as in the images, and there is none."
        )
    try:
        chosen = resolve([*requirement_files(), EXTRA], python, LOCK)
    except subprocess.CalledProcessError as err:
        raise CommandError(
            f"pip found no set of versions that fits (code {err.returncode}); its reason stands above."
        ) from err
    added = sorted(f"{name}=={version}" for name, version in chosen.items() if name not in locked)
    EXTRA_LOCK.write_text(HEAD + "\n".join(added) + "\n", encoding="utf-8")
    return Result(f"{EXTRA_LOCK.relative_to(ROOT)}: {len(added)} packages")


if __name__ == "__main__":
    sys.exit(main())
