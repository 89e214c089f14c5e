import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from command import CommandError
from deploy.local import pages


@pytest.fixture
def frontend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small front end, whose npm writes down what it is asked."""
    for name in ("src", "public", "node_modules", "dist"):
        (tmp_path / name).mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "src" / "main.tsx").write_text("1")
    monkeypatch.setattr(pages, "FRONTEND", tmp_path)
    monkeypatch.setattr(pages, "PACKAGES", tmp_path / "node_modules")
    monkeypatch.setattr(pages, "PAGES", tmp_path / "dist")
    return tmp_path


class Npm:
    """npm at the border of a process: answers with a code and some words."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int = 0, words: str = ""):
        self.asked: list[list[str]] = []
        self._answer = (code, words)
        monkeypatch.setattr(pages.subprocess, "run", self._run)  # type: ignore[attr-defined]

    def _run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        after_npm = next(index for index, word in enumerate(command) if word.endswith("npm-cli.js")) + 1
        self.asked.append([word for word in command if word.startswith("VITE_")] + list(command[after_npm:]))
        code, words = self._answer
        return subprocess.CompletedProcess(command, code, "", words)


def test_packages_are_installed_once_for_a_lock(frontend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = Npm(monkeypatch)

    pages.ensure_packages()
    pages.ensure_packages()
    (frontend / "package-lock.json").write_text('{"changed": true}')
    pages.ensure_packages()

    assert [asked[0] for asked in npm.asked] == ["ci", "ci"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("npm error code ENOTFOUND", "Check the network or the proxy"),
        ("npm error code EUSAGE", "See npm's words above"),
    ],
    ids=["no network", "anything else"],
)
def test_a_failed_installation_says_what_helps(
    frontend: Path, monkeypatch: pytest.MonkeyPatch, words: str, hint: str
) -> None:
    Npm(monkeypatch, code=1, words=words)

    with pytest.raises(CommandError, match=hint) as stopped:
        pages.ensure_packages()

    assert words in str(stopped.value)
    assert not (frontend / "node_modules" / ".installed.sha256").exists()


def test_pages_are_built_once_for_their_sources_and_the_currency(
    frontend: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = Npm(monkeypatch)

    pages.build_pages("USD")
    pages.build_pages("USD")
    pages.build_pages("KRW")
    (frontend / "src" / "main.tsx").write_text("2")
    pages.build_pages("KRW")

    assert [asked[0] for asked in npm.asked] == ["VITE_CURRENCY=USD", "VITE_CURRENCY=KRW", "VITE_CURRENCY=KRW"]


def test_what_is_installed_or_built_is_no_source(frontend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = Npm(monkeypatch)
    pages.build_pages("USD")

    for folder in ("node_modules", "dist"):
        (frontend / folder / "new.js").write_text("new")
    pages.build_pages("USD")

    assert len(npm.asked) == 1


def test_pages_that_cannot_be_built_stop_the_command(frontend: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Npm(monkeypatch, code=3)

    with pytest.raises(CommandError) as stopped:
        pages.build_pages("USD")

    assert stopped.value.code == 3
    assert not (frontend / "dist" / ".sources.sha256").exists()


def test_pages_are_built_in_a_folder_with_a_space_and_a_korean_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.ensure_packages()
    folder = tmp_path / "내 가게 (1)" / "frontend"
    shutil.copytree(pages.FRONTEND, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (folder / "node_modules").symlink_to(pages.PACKAGES)
    monkeypatch.setattr(pages, "FRONTEND", folder)
    monkeypatch.setattr(pages, "PAGES", folder / "dist")

    pages.build_pages("KRW")

    assert (folder / "dist" / "index.html").exists()
