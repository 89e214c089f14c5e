"""Each folder asks for what it imports: its image is built from its own requirements.in and what that brings along."""

import ast
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.development.lockfile import requirement_files

ROOT = Path(__file__).parents[2]
APART = {"tests", "deploy"}  # have the full lock; deploy's own file is what its first check needs before that
FOLDERS = sorted({path.parent.relative_to(ROOT).as_posix() for path in requirement_files()} - APART)
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {path.stem for path in ROOT.glob("*.py")}
# Commands of development alone: what they need besides is in tests/requirements.in and in no image.
DEVELOPMENT = {"training/studies/rivals.py", "training/studies/search.py", "training/studies/search_page.py"}
DISTRIBUTIONS = packages_distributions()


def asked(path: Path) -> list[Requirement]:
    """Read a file's requirements and those of the files that it includes."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    own = [Requirement(line) for line in lines if not line.startswith("-r ")]
    included = [asked(path.parent / line.removeprefix("-r ")) for line in lines if line.startswith("-r ")]
    return sum(included, own)


def installed_with(requirements: list[Requirement]) -> set[str]:
    """Names of everything that pip would install for some requirements, as the installed packages declare it."""
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(one.name), extra) for one in requirements for extra in ["", *one.extras]]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        try:
            needs = [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:  # an optional need that this machine did not want
            continue
        applies = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
        waiting += [(canonicalize_name(need.name), more) for need in applies for more in ["", *need.extras]]
    return {name for name, _ in found}


def modules_of(folder: str) -> list[Path]:
    """List a folder's modules, without those of a folder in it that has requirements of its own."""
    apart = [ROOT / other for other in FOLDERS if other.startswith(f"{folder}/")]
    files = (ROOT / folder).rglob("*.py")
    return [file for file in files if not any(file.is_relative_to(other) for other in apart)]


def imported(folder: str) -> set[str]:
    """Top-level names of everything that a folder's modules import from outside the project."""
    names = set()
    for file in modules_of(folder):
        if file.relative_to(ROOT).as_posix() in DEVELOPMENT:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(str(node.module).partition(".")[0])
    return names - OURS - set(sys.stdlib_module_names)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_requires_what_it_imports(folder: str) -> None:
    present = installed_with(asked(ROOT / folder / "requirements.in"))

    for name in imported(folder):
        providers = {canonicalize_name(provider) for provider in DISTRIBUTIONS.get(name, [name])}
        assert providers & present, f"{folder} imports {name}: add one of {sorted(providers)} to its requirements.in"


@pytest.mark.parametrize("folder", FOLDERS)
def test_settings_can_be_read_in_every_folder(folder: str) -> None:
    if any("settings" in file.read_text(encoding="utf-8") for file in modules_of(folder)):
        assert "pydantic-settings" in installed_with(asked(ROOT / folder / "requirements.in"))
