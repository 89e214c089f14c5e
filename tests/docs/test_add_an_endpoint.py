"""docs/how-to/add-an-endpoint.md: followed to the letter on a copy of the project, it gives a working endpoint."""

import json
import shutil
from pathlib import Path

import pytest

from tests.docs.test_how_tos import FENCE, NOT_COPIED, ROOT, SECTION, follow, run

PAGE = (ROOT / "docs/how-to/add-an-endpoint.md").read_text(encoding="utf-8")
COPIED = ("api", "shop", "tests")


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
