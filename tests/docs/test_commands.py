"""Commands as the pages print them: each is run somewhere, or says why not; those without the platform run here."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.local.environment import is_current
from deploy.local.pages import PACKAGES, ensure_packages
from tests.support.printed_commands import (
    ALONE,
    ELSEWHERE,
    ON_THE_PLATFORM,
    PAGES,
    ROOT,
    TO_A_VERSION,
    WITH_A_CHAMPION,
    fill_in,
    find_printed,
    run_in_shell,
)
from tests.support.synthetic import SMALL_CONFIG

RUN = {*ALONE, *TO_A_VERSION, *WITH_A_CHAMPION, *ON_THE_PLATFORM}
PRINTED = find_printed()
MODULE = re.compile(r"python -m ([\w.]+)(.*)")
NOT_RUN = sorted(command for command in PRINTED if MODULE.search(command) and command not in RUN)
BY_HELP = [command for command in NOT_RUN if not re.search("docker|mkdocs|mutmut|pytest", command)]
ANY_PYTHON = re.compile(r"(\S*)python3? -m [a-z_.]+[a-z_]")
LIMIT_SECONDS = 580


def is_elsewhere(command: str) -> bool:
    return any(re.fullmatch(pattern, command) for pattern in ELSEWHERE)


def filled(commands: tuple[str, ...]) -> list[str]:
    """What a reader types; commands that come to the same are typed once."""
    return list(dict.fromkeys(map(fill_in, commands)))


def test_every_printed_command_is_run_or_says_why_not() -> None:
    unclaimed = {command: pages for command, pages in PRINTED.items() if (command in RUN) == is_elsewhere(command)}

    assert unclaimed == {}


def test_no_command_is_run_that_no_page_prints() -> None:
    assert PRINTED.keys() >= RUN
    assert [pattern for pattern in ELSEWHERE if not any(re.fullmatch(pattern, each) for each in PRINTED)] == []


def test_no_page_prints_a_python_of_the_reader() -> None:
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    ours = [line for line in lines if not re.search("docker compose|kubectl", line) and "<!--" not in line]

    assert [line for line in ours if not all(each.endswith(".venv/bin/") for each in ANY_PYTHON.findall(line))] == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files on this environment, whose model is small."""
    assert is_current(), "the environment is not that of the lock: run `make environment`"
    ensure_packages()
    folder = tmp_path_factory.mktemp("project")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "frontend" / "node_modules").symlink_to(PACKAGES)
    (folder / "training" / "config.yaml").write_text(yaml.safe_dump(SMALL_CONFIG.model_dump(mode="json")))
    return folder


@pytest.fixture(scope="module")
def own(project: Path) -> dict[str, str]:
    """Variables of an installation of its own, whose registry is a file."""
    var = project / "var"
    var.mkdir()
    (var / "storefront.toml").write_text('name = "A small shop"\n', encoding="utf-8")
    return {
        "VAR_DIR": str(var),
        "SHOP_DATABASE_URL": f"sqlite:///{var / 'shop.db'}",
        "ML_STORE_URI": str(var / "store"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{var / 'mlflow.db'}",
    }


@pytest.fixture(scope="module")
def champion(project: Path, own: dict[str, str]) -> None:
    """The version that was trained serves, whatever the gate says of a model that small."""
    run_in_shell(".venv/bin/python -m training.promote 1 --override 'a small shop'", project, own, LIMIT_SECONDS)


@pytest.mark.parametrize("command", [*filled(ALONE), *filled(TO_A_VERSION)])
def test_a_command_runs_as_printed(project: Path, own: dict[str, str], command: str) -> None:
    run_in_shell(command, project, own, LIMIT_SECONDS)


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize("command", filled(WITH_A_CHAMPION))
def test_a_command_that_needs_a_champion_runs_as_printed(project: Path, own: dict[str, str], command: str) -> None:
    run_in_shell(command, project, own, LIMIT_SECONDS)


@pytest.mark.parametrize("command", BY_HELP)
def test_a_command_that_is_not_run_knows_its_options(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, since a fresh one imports torch and the rest for each of them."""
    [(module, rest)] = MODULE.findall(command)
    part = re.findall(r"^ ([a-z]+)\b", rest)[:1] if module in ("shop.load", "shop.map") else []
    monkeypatch.setattr(sys, "argv", [module, *part, "--help"])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")

    assert not ended.value.code
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)) <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
