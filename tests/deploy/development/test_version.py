"""One version: the project's, in the API, its description, the images, the storefront and the citation."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from api.openapi import render_openapi
from deploy.development.version import COPIES, ROOT, read_version, write_version

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("31ie/")}
LABEL = "org.opencontainers.image.version"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that hold the version, apart."""
    for name in (*COPIES, "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_version_of_the_project_is_a_semantic_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[a-z0-9.]+)?", read_version())


def test_every_copy_is_the_projects_version(copy: Path) -> None:
    assert write_version(copy, read_version()) == []


def test_api_images_storefront_and_citation_say_the_projects_version() -> None:
    page = json.loads((ROOT / "frontend/package.json").read_text())
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())

    said = {
        "description of the API": json.loads(render_openapi())["info"]["version"],
        "storefront": page["version"],
        "lock of the storefront": lock["version"],
        "its package in the lock": lock["packages"][""]["version"],
        "citation": yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"],
        **{f"tag of {name}": service["image"].partition(":")[2] for name, service in OURS.items()},
        **{f"label of {name}": each["build"]["labels"][LABEL] for name, each in OURS.items() if "build" in each},
    }

    assert {place: version for place, version in said.items() if version != read_version()} == {}


def test_a_release_is_one_edit(copy: Path) -> None:
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace(f'version = "{read_version()}"', 'version = "9.8.7"', 1))

    assert set(write_version(copy, read_version(copy))) == set(COPIES)
    assert {name for name in COPIES if read_version() in _lines_of_version(copy / name)} == set()
    assert write_version(copy, "9.8.7") == []


def test_a_file_without_a_place_for_the_version_is_named(copy: Path) -> None:
    (copy / "CITATION.cff").write_text("cff-version: 1.2.0\n")

    with pytest.raises(ValueError, match=r"CITATION\.cff has no version"):
        write_version(copy, "9.8.7")


def _lines_of_version(path: Path) -> str:
    """Return the lines that speak of ours: other packages of the lock may have the same number."""
    text = path.read_text()
    return text.partition('"dependencies"')[0] if path.suffix == ".json" else text
