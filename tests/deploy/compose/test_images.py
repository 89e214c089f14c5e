"""The Dockerfiles: what goes into an image, and what stays out."""

import re

import pytest

from tests.deploy.compose.dockerfiles import (
    BUILT,
    DOCKERFILES,
    IN_PYTHON,
    PAGES,
    PROMETHEUS,
    ROOT,
    SERVICES,
    copied,
    included,
    instructions,
    let_through,
    read_compose,
    required,
)

WITHOUT_TORCH = {"api/Dockerfile", "serving/Dockerfile", "shop/Dockerfile", "mlflow_server/Dockerfile"}

each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES)
each_in_python = pytest.mark.parametrize("path", IN_PYTHON)


def test_there_is_one_image_a_service() -> None:
    folders = ["api", "dags", "deploy/prometheus", "frontend", "mlflow_server", "serving", "shop"]

    assert [f"{folder}/Dockerfile" for folder in folders] == DOCKERFILES


BASES = {
    PAGES: {"node:24-bookworm-slim", "nginx:1.28-bookworm"},
    PROMETHEUS: {"prom/prometheus:v3.5.0"},
}


@each_dockerfile
def test_base_images_are_official_and_versioned(path: str) -> None:
    bases = {line.split()[1] for line in instructions(path) if line.startswith("FROM")}

    assert bases == BASES.get(path, {"python:3.11-slim-bookworm"})


def test_images_of_others_follow_the_policy_that_is_stated() -> None:
    """A line of versions that is kept secure, the same everywhere, listed where operators read of it; no digest."""
    named = {line.split()[1] for path in DOCKERFILES for line in instructions(path) if line.startswith("FROM")}
    for file in sorted(ROOT.glob("docker-compose*.yml")):
        services = read_compose(file.name)["services"].values()
        named |= {service["image"] for service in services if not service.get("image", "31ie/").startswith("31ie/")}
    stated = (ROOT / "docs" / "operations.md").read_text().partition("\n## Images\n")[2].partition("\n## ")[0]

    assert {"mysql:8.4", "nginx:1.28-bookworm"} <= named
    for image in named:
        assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)*(-[a-z0-9-]+)?", image), image
        assert f"`{image}`" in stated, image
    assert len({image.partition(":")[0] for image in named}) == len(named), "one version of each"


@each_dockerfile
def test_what_is_copied_exists_and_is_let_through(path: str) -> None:
    for source in copied(path):
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_through(), source


@each_in_python
def test_every_package_comes_from_the_lock(path: str) -> None:
    installs = [line for line in instructions(path) if "pip install" in line]

    assert installs
    for install in installs:
        assert "--constraint requirements.txt" in install
        assert "--no-cache-dir" in install


def test_the_pages_packages_come_from_the_lock() -> None:
    installs = [line for line in instructions(PAGES) if line.startswith("RUN npm")]

    assert installs == ["RUN npm ci"]
    assert "frontend/package-lock.json" in copied(PAGES)


@each_dockerfile
def test_requirements_are_copied_with_those_that_they_include(path: str) -> None:
    present = {source for source in copied(path) if source.endswith("requirements.in")}

    for source in present:
        assert {file.relative_to(ROOT).as_posix() for file in included(ROOT / source)} <= present


@each_dockerfile
def test_the_process_is_not_root(path: str) -> None:
    users = [line.split()[1] for line in instructions(path) if line.startswith("USER")]

    assert users[-1] == "10001:10001"
    assert users[:-1] == (["root"] if path == PROMETHEUS else []), "whose base image is not root's"


@pytest.mark.parametrize("name", sorted(BUILT))
def test_whatever_is_written_is_mounted_over_a_folder_that_everyone_may_write(name: str) -> None:
    """Docker takes a mount's mode from the image: a volume at first, a tmpfs at each restart."""
    service = SERVICES[name]
    volumes = {volume.split(":")[1] for volume in service.get("volumes", [])}
    temporary = {mount.partition(":")[0] for mount in service["tmpfs"]}

    text = "\n".join(instructions(BUILT[name]))
    made = " ".join(re.findall(r"(?:install --directory --mode|mkdir -p -m) 1777 (.+)", text))

    assert (volumes | temporary) - {"/tmp"} <= set(made.split())


@each_dockerfile
def test_no_secret_is_baked_in(path: str) -> None:
    text = "\n".join(instructions(path))

    assert not re.search(r"(ARG|ENV)\s[^\n]*(PASSWORD|SECRET|TOKEN)", text, re.IGNORECASE)


@pytest.mark.parametrize("path", sorted(WITHOUT_TORCH))
def test_torch_stays_out_of_the_images_that_serve(path: str) -> None:
    for source in copied(path):
        if source.endswith("requirements.in"):
            assert not re.search(r"^torch\b", required(ROOT / source), re.MULTILINE)


def test_the_login_of_a_real_mysql_8_works_without_tls() -> None:
    """Its default `caching_sha2_password` needs RSA, which pymysql takes from an extra."""
    for path in ("shop/requirements.in", "mlflow_server/requirements.in"):
        assert "pymysql[rsa]" in (ROOT / path).read_text(), path


def test_the_build_context_holds_no_secret_and_no_data() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert lines[1] == "*"
    assert not {"!secrets", "!.env", "!var", "!.git"} & set(lines)
