"""docs/how-to/add-an-endpoint.md: followed to the letter on a copy of the project, it gives a working endpoint."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/add-an-endpoint.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## \d+\. .*?`(?P<path>[\w/.]+)`\n(?P<body>.*?)(?=^## )", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("api", "shop", "tests")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "end_to_end", "containers", "docs", "frontend")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the page changes, beside the rest, with the page's lines in it."""
    copy = tmp_path_factory.mktemp("project")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=NOT_COPIED)
    for path in ROOT.iterdir():
        is_needed = path.suffix in (".py", ".toml") or (path / "__init__.py").exists()
        if is_needed and path.name not in COPIED:
            (copy / path.name).symlink_to(path)
    for section in SECTION.finditer(PAGE):
        for fence in FENCE.finditer(section["body"]):
            follow(copy / section["path"], fence["kind"], fence["text"])
    return copy


def follow(path: Path, kind: str, text: str) -> None:
    """Do what a fence says: write a new file, or replace the lines that it takes out by those that it puts in."""
    if kind == "python":
        assert not path.exists(), f"{path.name} is not new"
        path.write_text(text, encoding="utf-8")
    else:
        lines = text.splitlines()
        out, put = ("\n".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
        before = path.read_text(encoding="utf-8")
        assert before.count(out) == 1, f"{path.name} has no such line: {out}"
        path.write_text(before.replace(out, put), encoding="utf-8")


def run(project: Path, *command: str) -> str:
    """Run a command of the page in the copy."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pages_own_test_of_the_endpoint_passes(project: Path) -> None:
    assert ".venv/bin/python -m pytest tests/api/routes/test_brands.py" in PAGE

    out = run(project, "pytest", "tests/api/routes/test_brands.py", "-p", "no:cacheprovider", "-v")

    assert "2 passed" in out


def test_the_description_announces_the_endpoint(project: Path) -> None:
    assert ".venv/bin/python -m api.openapi\n" in PAGE

    run(project, "api.openapi")

    description = json.loads((project / "api/schemas/openapi.json").read_text(encoding="utf-8"))
    assert set(description["paths"]["/brands"]["get"]["responses"]) == {"200", "422", "503"}
    assert "Brands" in description["components"]["schemas"]


def test_the_pages_lines_keep_the_style(project: Path) -> None:
    run(project, "ruff", "check", "api", "tests/api/routes")
    run(project, "ruff", "format", "--check", "api", "tests/api/routes")
