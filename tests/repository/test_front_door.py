"""What a stranger meets first: files that tools read."""

import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
YAML_FILES = [
    ".pre-commit-config.yaml",
    "CITATION.cff",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / ".github").rglob("*.yml"))),
]


@pytest.mark.parametrize("name", YAML_FILES)
def test_files_that_tools_read_are_what_they_claim(name: str) -> None:
    assert isinstance(yaml.safe_load((ROOT / name).read_text()), dict)


def test_the_workflow_calls_what_a_person_calls() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    said = " ".join(step.get("run", "") for job in jobs.values() for step in job["steps"])

    assert all(command in said for command in ("make check", "make test", "make test-containers"))


def test_hooks_run_the_tools_of_the_lock() -> None:
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert all(hook["entry"].startswith(".venv/bin/") for hook in repository["hooks"])


def test_the_development_container_sets_up_as_everybody_does() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())

    assert container["postCreateCommand"] == "make environment"
