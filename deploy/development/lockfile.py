"""Write `requirements.txt`, the full lock, from every folder's `requirements.in`: `make lock`.

pip itself resolves, in a dry run that installs nothing, so the lock is exactly what pip would choose today: first for
the oldest Python, then for each later one with what is chosen already, so that versions differ only where they must;
such lines have a marker. Versions carry no local suffix (`+cpu`): such a pin can't be installed from the package index.
Where pip gets each file from is the machine's own affair and stays out of the lock.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from command import Command, CommandError, Result, say
from deploy.interpreter import SUPPORTED, find_interpreters
from deploy.torch_build import CUDA_PREFIXES

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.txt"
HEAD = """\
# Every package with its version, made by `make lock` from the folders' requirements.in; do not edit by hand.
# Installed with --no-deps: what is not listed here is not installed. torch: docs/decisions/0007-torch-without-cuda.md
"""


def requirement_files() -> list[Path]:
    """List the folders' requirements, in a stable order."""
    return sorted([*ROOT.glob("*/requirements.in"), *ROOT.glob("*/*/requirements.in")])


def resolve(files: list[Path], python: str, constraint: Path | None = None) -> dict[str, str]:
    """Let pip choose a version for every package that the files need, directly or not, torch's CUDA libraries apart.

    Args:
        files: requirements.
        python: interpreter that they are for.
        constraint: versions to choose where a package is needed at all; `None` = the newest that fit together.

    Returns:
        Version by name, without local suffixes.

    Raises:
        subprocess.CalledProcessError: pip found no solution; its words are on stderr.
    """
    asking = ["--dry-run", "--ignore-installed", "-qq", "--report", "-"]
    named = [argument for file in files for argument in ("--requirement", str(file))]
    held = ["--constraint", str(constraint)] if constraint else []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
        command = [sys.executable, "-m", "pip", "--python", folder, "install", *asking, *named, *held]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    chosen = without_cuda([item["metadata"] for item in report["install"]])
    return {canonicalize_name(package["name"]): package["version"].partition("+")[0] for package in chosen}


def without_cuda(packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the CUDA libraries that nothing but torch, or another of them, asks for.

    Args:
        packages: metadata as in pip's report.
    """
    plain = [package for package in packages if not package["name"].startswith((*CUDA_PREFIXES, "torch"))]
    needs = [
        Requirement(need) for package in plain for need in package.get("requires_dist", []) if "extra ==" not in need
    ]
    asked = {canonicalize_name(need.name) for need in needs}
    return [
        package
        for package in packages
        if not package["name"].startswith(CUDA_PREFIXES) or canonicalize_name(package["name"]) in asked
    ]


def merge(chosen: dict[tuple[int, int], dict[str, str]]) -> list[str]:
    """Lay out what was chosen for each Python as one lock.

    Args:
        chosen: version by name, by Python.

    Returns:
        Lines `name==version`, sorted; with a marker where not every Python has that.
    """
    pythons = defaultdict(list)
    for python in sorted(chosen):
        for name, version in chosen[python].items():
            pythons[name, version].append(python)
    return sorted(
        f"{name}=={version}" + ("" if len(having) == len(chosen) else f"; {_marker(having)}")
        for (name, version), having in pythons.items()
    )


def main(arguments: list[str] | None = None) -> int:
    """Resolve on every Python that is here, and replace the lock."""
    command = Command("deploy.development.lockfile", __doc__)
    command.add_argument(
        "--keep", action="store_true", help="keep the versions of the present lock (default: the newest)"
    )
    return command.run(_lock, arguments)


def _lock(options: argparse.Namespace) -> Result:
    interpreters = find_interpreters()
    for major, minor in sorted(set(SUPPORTED) - set(interpreters)):
        say(f"Python {major}.{minor} is not on this machine: the lock is not resolved for it.")
    chosen: dict[tuple[int, int], dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        constraint = Path(folder) / "constraint.txt"
        constraint.write_text(LOCK.read_text(encoding="utf-8") if options.keep else "", encoding="utf-8")
        for python in sorted(interpreters):
            say(f"resolving for Python {python[0]}.{python[1]}")
            chosen[python] = _resolve(interpreters[python], constraint)
            if not options.keep:
                constraint.write_text("\n".join(merge(chosen)), encoding="utf-8")
    lines = merge(chosen)
    LOCK.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return Result(f"{LOCK.name}: {len(lines)} packages")


def _resolve(python: str, constraint: Path) -> dict[str, str]:
    """Resolve with the versions that are chosen already, or freely where they don't fit this Python.

    Raises:
        CommandError: pip finds no set of versions at all.
    """
    for held in (constraint, None):
        try:
            return resolve(requirement_files(), python, held)
        except subprocess.CalledProcessError as err:
            reason = (
                f"pip found no set of versions that fits {python} (code {err.returncode}); its reason stands above."
            )
    raise CommandError(reason)


def _marker(pythons: list[tuple[int, int]]) -> str:
    return " or ".join(f'python_version == "{major}.{minor}"' for major, minor in pythons)


if __name__ == "__main__":
    sys.exit(main())
