"""What `bentoml build` packs: read from pyproject.toml as BentoML reads it."""

import re
from pathlib import Path

from bentoml._internal.bento.build_config import BentoBuildConfig

ROOT = Path(__file__).parents[2]


def test_the_bento_names_its_service_and_describes_it() -> None:
    config = BentoBuildConfig.from_file(str(ROOT / "pyproject.toml"))

    assert (config.service, config.name) == ("serving.service:Recommender", "31ie-recommender")
    assert (ROOT / config.description.removeprefix("file: ./")).read_text(encoding="utf-8").startswith("# Model server")


def test_the_bento_has_the_packages_of_the_model_server() -> None:
    config = BentoBuildConfig.from_file(str(ROOT / "pyproject.toml"))

    assert sorted(config.python.packages) == sorted(read_requirements(ROOT / "serving" / "requirements.in"))


def test_the_bento_packs_what_the_image_of_the_model_server_copies() -> None:
    copied = re.findall(
        r"^COPY (\S+) (\S+)$", (ROOT / "serving" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    modules = {target.rstrip("/").partition("/")[0] for _, target in copied} - {"."}
    included = " ".join(BentoBuildConfig.from_file(str(ROOT / "pyproject.toml")).include)

    assert all(f"/{module}/" in included for module in modules)


def read_requirements(path: Path) -> list[str]:
    found: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += read_requirements(path.parent / line[3:])
        elif line.strip() and not line.startswith("#"):
            found.append(line.strip())
    return found
