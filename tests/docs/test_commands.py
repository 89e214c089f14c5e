"""Commands as the pages print them: from `.venv`, of modules that can be run, with options that these know."""

import re
import runpy
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HISTORY = {ROOT / "CHANGELOG.md", *(ROOT / "docs" / "decisions").glob("*.md")}
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - HISTORY)
OTHERS = {"pytest", "mkdocs"}
COMMAND = re.compile(r"(?P<program>\S*)python -m (?P<module>[a-z_.]+[a-z_])(?P<rest>[^`\n]*)")


def printed() -> list[tuple[Path, str, re.Match[str]]]:
    """Every command that runs a module of ours on this machine, with its page and line."""
    lines = [(page, line) for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    found = [(page, line, command) for page, line in lines for command in COMMAND.finditer(line)]
    return [
        (page, line, command)
        for page, line, command in found
        if command["module"] not in OTHERS and "docker compose" not in line and "<!--" not in line
    ]


def options() -> dict[str, set[str]]:
    """The options that are printed behind each module."""
    by_module: dict[str, set[str]] = defaultdict(set)
    for _, _, command in printed():
        by_module[command["module"]] |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", command["rest"]))
    return by_module


OPTIONS = options()


def test_every_command_names_the_python_of_the_environment() -> None:
    wrong = [(page.name, line) for page, line, command in printed() if not command["program"].endswith(".venv/bin/")]

    assert wrong == []


@pytest.mark.parametrize("module", sorted(OPTIONS))
def test_a_printed_command_explains_itself_and_knows_its_options(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, since a fresh one imports torch and the rest for each of them."""

    def ask(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [module, *arguments, "--help"])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__")
        assert not ended.value.code
        return capsys.readouterr().out

    text = ask()
    parts = re.findall(r"^ {4}([a-z-]+) {2,}\S", text, re.MULTILINE)
    known = text + "".join(ask(part) for part in parts)

    assert {option for option in OPTIONS[module] if option not in known} == set()
