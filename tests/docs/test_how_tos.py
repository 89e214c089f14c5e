"""The pages of docs/how-to: followed to the letter on a copy of the project, each ends with its own tests passing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
SECTION = re.compile(r"^## \d+\. .*?`(?P<path>[\w/.]+)`\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(?P<kind>python|diff)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\.venv/bin/python -m (pytest .+)$", re.MULTILINE)
COPIED = ("api", "dags", "deploy", "features", "mlflow_server", "serving", "settings", "shop", "training", "tests")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "end_to_end", "containers", "docs", "frontend")


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def project(page: Path, tmp_path: Path) -> Path:
    """A copy of the packages and their tests, with what the page changes in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=NOT_COPIED)
    for path in (*ROOT.glob("*.py"), ROOT / "pyproject.toml"):
        shutil.copy2(path, tmp_path / path.name)
    for section in SECTION.finditer(page.read_text(encoding="utf-8")):
        fences = list(FENCE.finditer(section["body"]))
        assert fences, f"{page.name}: nothing to do in {section['path']}"
        for fence in fences:
            follow(tmp_path / section["path"], fence["kind"], fence["text"])
    return tmp_path


def follow(path: Path, kind: str, text: str) -> None:
    """Do what a fence says: write a new file, or replace the lines that it takes out by those that it puts in."""
    if kind == "python":
        assert not path.exists(), f"{path.name} is not new"
        path.write_text(text, encoding="utf-8")
        return
    lines = text.splitlines(keepends=True)
    out, put = ("".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    before = path.read_text(encoding="utf-8")
    assert before.count(out) == 1, f"{path.name} holds these lines {before.count(out)} times, not once:\n{out}"
    path.write_text(before.replace(out, put), encoding="utf-8")


def run(project: Path, *command: str) -> str:
    """Run a command of a page in the copy; return what it wrote."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_following_a_page_ends_with_its_tests_passing_and_the_style_kept(page: Path, project: Path) -> None:
    commands = COMMAND.findall(page.read_text(encoding="utf-8"))
    assert commands, f"{page.name} names no test to run"

    for command in commands:
        run(project, *command.split(), "-p", "no:cacheprovider")
    changed = [path for path, _ in SECTION.findall(page.read_text(encoding="utf-8")) if path.endswith(".py")]
    run(project, "ruff", "check", "--no-cache", *changed)
    run(project, "ruff", "format", "--check", "--no-cache", *changed)


def test_every_how_to_is_named_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f"(docs/how-to/{page.name})" not in text] == []
