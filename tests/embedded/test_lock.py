from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from embedded.lock import LOCK, requirement_files

SECURITY_FLOORS = {
    "mlflow": "3.11",
    "bentoml": "1.4.39",
    "apache-airflow": "3.3.0",
    "torch": "2.10",
    "pymysql": "1.1.3",
    "starlette": "1.3.1",
    "python-multipart": "0.0.31",
    "aiohttp": "3.14.4",
    "h11": "0.16",
    "pyjwt": "2.12",
}


def locked() -> dict[str, str]:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def wanted(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


@pytest.mark.parametrize("path", requirement_files(), ids=lambda path: path.parent.name)
def test_lock_satisfies_what_every_folder_asks_for(path: Path) -> None:
    for requirement in wanted(path):
        name = requirement.name.lower().replace("_", "-").replace(".", "-")
        assert name in locked(), f"{name} is not locked: run `make lock`"
        assert requirement.specifier.contains(locked()[name], prereleases=True)


def test_lock_names_no_host_and_no_local_build() -> None:
    text = LOCK.read_text(encoding="utf-8")

    assert "://" not in text
    assert "+" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")]


@pytest.mark.parametrize(("name", "floor"), SECURITY_FLOORS.items())
def test_known_holes_are_closed(name: str, floor: str) -> None:
    assert Version(version(name)) >= Version(floor)


def test_what_is_installed_is_what_is_locked() -> None:
    differing = {
        n: version(n) for n, locked_version in locked().items() if Version(version(n)).public != locked_version
    }

    assert differing == {}
