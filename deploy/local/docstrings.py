"""Check that docstrings are true, by pydoclint: `python -m deploy.local.docstrings PATH ...`, part of `make check`.

What a docstring says must be so; what it leaves out is its author's judgement. pydoclint cannot be told the difference,
so its violations are sorted here. A pydoclint that is missing or breaks fails the check: silence is no success.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from command import Command, Result

UNTRUE = {"DOC102", "DOC104", "DOC202", "DOC403", "DOC602"}
"""Arguments, returns, yields and attributes that are described and do not exist, or stand in another order."""
INVENTED = "Arguments in the docstring but not in the function signature"
VIOLATION = re.compile(r"\b(DOC\d{3}):")
LIMIT_SECONDS = 300


def find_untrue(paths: list[str], program: str) -> list[str]:
    """List pydoclint's violations that say something untrue.

    Args:
        paths: files and folders to check.
        program: path of pydoclint.

    Raises:
        RuntimeError: pydoclint is missing, or ended otherwise than with violations or without.
    """
    command = [program, "--quiet", "--show-filenames-in-every-violation-message", "True", *paths]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    except FileNotFoundError as err:
        raise RuntimeError(f"{program} is missing: run `make environment`") from err
    said = (ended.stdout + ended.stderr).splitlines()
    violations = [line for line in said if VIOLATION.search(line)]
    if ended.returncode not in (0, 1) or bool(ended.returncode) != bool(violations):
        last_words = said[-1] if said else "without a word"
        raise RuntimeError(f"pydoclint ended with code {ended.returncode}: {last_words}")
    return [line for line in violations if set(VIOLATION.findall(line)) & UNTRUE or INVENTED in line]


def main(arguments: list[str] | None = None) -> int:
    """Print what is untrue; exit 1 if anything is, or if pydoclint could not tell."""
    command = Command("deploy.local.docstrings", __doc__, failed="The docstrings were not checked")
    command.add_argument("paths", nargs="+", metavar="PATH")
    command.add_argument("--pydoclint", default=str(Path(sys.executable).with_name("pydoclint")), help="the program")
    return command.run(_check, arguments, (RuntimeError,))


def _check(options: argparse.Namespace) -> Result:
    untrue = find_untrue(options.paths, options.pydoclint)
    return Result("\n".join(untrue), code=1 if untrue else 0)


if __name__ == "__main__":
    sys.exit(main())
