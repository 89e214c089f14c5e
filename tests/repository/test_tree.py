"""What must not stand anywhere in the tree: paths of one machine, the place where its packages come from, secrets."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = {"frontend/package-lock.json"}  # npm writes where it got each file; lint of that file lives with the front end

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w/])/(?:work|home/\w+|root|Users/\w+|opt/(?:wheels|pypi))/"),
    "a host of a package registry": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a pip option that names an index": re.compile(r"^--(?:extra-)?index-url", re.MULTILINE),
}


def tracked_texts() -> dict[str, str]:
    """Read every text file that git knows, this test apart."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if name in LOCKS or path == Path(__file__) or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return tracked_texts()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(texts: dict[str, str], what: str) -> None:
    found = {name: FORBIDDEN[what].search(text) for name, text in texts.items()}

    assert {name: match[0] for name, match in found.items() if match} == {}


def test_what_an_installation_makes_is_not_tracked(texts: dict[str, str]) -> None:
    assert not [name for name in texts if name == ".env" or name.startswith(("secrets/", "var/", ".venv/"))]
