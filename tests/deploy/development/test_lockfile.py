import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from deploy.development.lockfile import LOCK, merge, requirement_files, without_cuda
from deploy.interpreter import SUPPORTED

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


def locked(python: tuple[int, int] = sys.version_info[:2]) -> dict[str, str]:
    """Version by name of everything that the lock installs on one Python."""
    environment = {"python_version": f"{python[0]}.{python[1]}"}
    requirements = wanted(LOCK)
    here = [line for line in requirements if line.marker is None or line.marker.evaluate(environment)]
    assert len({line.name for line in here}) == len(here)
    return {line.name: str(line.specifier).removeprefix("==") for line in here}


def wanted(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


@pytest.mark.parametrize("python", SUPPORTED, ids=lambda python: f"{python[0]}.{python[1]}")
@pytest.mark.parametrize("path", requirement_files(), ids=lambda path: path.parent.name)
def test_lock_satisfies_what_every_folder_asks_for(path: Path, python: tuple[int, int]) -> None:
    versions = locked(python)
    for requirement in wanted(path):
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not locked: run `make lock`"
        assert requirement.specifier.contains(versions[name], prereleases=True)


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


def test_one_line_serves_every_python_that_has_the_same_version() -> None:
    chosen = {(3, 11): {"b": "1", "a": "2"}, (3, 12): {"a": "2", "b": "1"}}

    assert merge(chosen) == ["a==2", "b==1"]


def test_what_differs_between_pythons_has_a_marker() -> None:
    chosen = {(3, 11): {"a": "1"}, (3, 12): {"a": "1"}, (3, 13): {"a": "2", "b": "1"}}

    assert merge(chosen) == [
        'a==1; python_version == "3.11" or python_version == "3.12"',
        'a==2; python_version == "3.13"',
        'b==1; python_version == "3.13"',
    ]


def test_libraries_of_torch_for_cuda_stay_out_of_the_lock() -> None:
    packages: list[dict[str, Any]] = [
        {"name": "torch", "requires_dist": ["filelock", "cuda-toolkit==13; platform_system == 'Linux'"]},
        {"name": "cuda-toolkit", "requires_dist": ["nvidia-cublas"]},
        {"name": "nvidia-cublas"},
        {"name": "filelock"},
        {"name": "bentoml", "requires_dist": ["nvidia_ml_py<14", "triton; extra == 'triton'"]},
        {"name": "nvidia-ml-py"},
        {"name": "triton"},
    ]

    assert [package["name"] for package in without_cuda(packages)] == ["torch", "filelock", "bentoml", "nvidia-ml-py"]
