"""Write the version of pyproject.toml wherever else it must stand: `make docs`. A test holds the copies to it."""

import argparse
import re
import sys
import tomllib
from pathlib import Path

from command import Command, Result

ROOT = Path(__file__).resolve().parents[2]

COPIES = {
    "api/__init__.py": r'__version__ = "',
    "settings/release.py": r'RELEASE = "',
    "docker-compose.yml": r'image: 31ie/[a-z]+:|image\.version: "',
    "deploy/kubernetes/base/kustomization.yaml": r'newTag: "',
    "deploy/kubernetes/demo/kustomization.yaml": r'newTag: "',
    "deploy/kubernetes/airflow-values.yaml": r'31ie/workflows, tag: "',
    "frontend/package.json": r'"private": true,\n +"version": "',
    "frontend/package-lock.json": r'"name": "storefront",\n +"version": "',
    "CITATION.cff": r"\nversion: ",
}
"""What the version stands behind in each file that holds a copy. `api/schemas/openapi.json` is made from the API."""

VERSION = r"[^\s\"]+"


def read_version(root: Path = ROOT) -> str:
    """Return the project's version."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def find_copies(text: str, before: str) -> list[str]:
    """Return the versions that stand in a file's text behind what `before` matches."""
    return re.findall(f"(?:{before})({VERSION})", text)


def write_version(root: Path, version: str) -> list[str]:
    """Write a version over its copies.

    Args:
        root: the project's folder.
        version: what is to stand there.

    Returns:
        The files that had another version.

    Raises:
        ValueError: a file has no place for the version.
    """
    changed = []
    for name, before in COPIES.items():
        path = root / name
        text = path.read_text(encoding="utf-8")
        if not find_copies(text, before):
            place = Path(__file__).relative_to(ROOT)
            raise ValueError(f"{name} has no version where {place} looks for it; mend the pattern there.")
        written = re.sub(f"({before}){VERSION}", rf"\g<1>{version}", text)
        if written != text:
            path.write_text(written, encoding="utf-8")
            changed.append(name)
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    return Command("deploy.development.version", __doc__, failed="").run(_write, arguments, (OSError, ValueError))


def _write(_options: argparse.Namespace) -> Result:
    version = read_version()
    changed = write_version(ROOT, version)
    return Result(f"version {version}: {', '.join(changed) or 'stood everywhere'}")


if __name__ == "__main__":
    sys.exit(main())
