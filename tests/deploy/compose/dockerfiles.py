"""The Dockerfiles and the compose file, read: what an image installs, which files it takes, what it starts."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]


class _ComposeLoader(yaml.SafeLoader):
    """YAML with Compose's own tags, by which one file replaces what another says."""


def _read_list(loader: yaml.SafeLoader, node: yaml.Node) -> list[Any]:
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


_ComposeLoader.add_constructor("!reset", _read_list)
_ComposeLoader.add_constructor("!override", _read_list)


def read_compose(name: str) -> dict[str, Any]:
    """Read a compose file of the project's root."""
    return dict(yaml.load((ROOT / name).read_text(), _ComposeLoader))  # noqa: S506  # it is a SafeLoader


COMPOSE = read_compose("docker-compose.yml")
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE_OF = {
    service["image"]: service["build"]["dockerfile"] for service in SERVICES.values() if "build" in service
}
BUILT = {
    name: DOCKERFILE_OF[service["image"]] for name, service in SERVICES.items() if service["image"] in DOCKERFILE_OF
}
"""The Dockerfile of each service that runs an image of ours; one service of each image builds it."""
DOCKERFILES = sorted(set(BUILT.values()))
PAGES = "frontend/Dockerfile"
PROMETHEUS = "deploy/prometheus/Dockerfile"
IN_PYTHON = [path for path in DOCKERFILES if path not in (PAGES, PROMETHEUS)]


def instructions(path: str) -> list[str]:
    """Return the instructions with their continued lines joined, comments left out."""
    lines = [line for line in (ROOT / path).read_text().splitlines() if not line.startswith("#")]
    return [line.strip() for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def last_stage(path: str) -> list[str]:
    """Return the instructions of the stage that becomes the image."""
    lines = instructions(path)
    begins = max(number for number, line in enumerate(lines) if line.startswith("FROM"))
    return lines[begins:]


def copies(lines: list[str]) -> list[tuple[list[str], str]]:
    """List what instructions take from the project: sources, and where they go."""
    words = [line.split()[1:] for line in lines if line.startswith("COPY") and "--from" not in line]
    return [(names[:-1], names[-1]) for names in words]


def copied(path: str) -> list[str]:
    """Name the files and folders that an image takes from the project."""
    return [source for sources, _ in copies(instructions(path)) for source in sources]


def included(path: Path) -> list[Path]:
    """List the requirement files that one includes."""
    lines = path.read_text().splitlines()
    return [Path(os.path.normpath(path.parent / line.removeprefix("-r "))) for line in lines if line.startswith("-r ")]


def required(path: Path) -> str:
    """Return the requirements of a file together with those that it includes."""
    return "\n".join([path.read_text(), *(required(file) for file in included(path))])


def pip_commands(path: str) -> list[list[str]]:
    """Return the arguments of each `pip install` of the image."""
    steps = [step for line in last_stage(path) if line.startswith("RUN") for step in line[3:].split("&&")]
    return [shlex.split(step)[2:] for step in steps if step.split()[:2] == ["pip", "install"]]


def variables(path: str) -> dict[str, str]:
    """Return the environment that the image itself sets."""
    words = [word for line in last_stage(path) if line.startswith("ENV") for word in shlex.split(line)[1:]]
    return dict(word.split("=", 1) for word in words)


def default_command(path: str) -> list[str]:
    """Return the image's CMD."""
    (line,) = [line for line in last_stage(path) if line.startswith("CMD")]
    return list(yaml.safe_load(line.removeprefix("CMD")))


def commands(path: str) -> list[list[str]]:
    """List every command that is run in an image: its CMD, what services start instead, their health checks."""
    services = [SERVICES[name] for name, dockerfile in BUILT.items() if dockerfile == path]
    started = [as_words(service["command"]) for service in services if "command" in service]
    checks = [service["healthcheck"]["test"][1:] for service in services if "test" in service.get("healthcheck", {})]
    every = [default_command(path), *started, *checks]
    return [command for number, command in enumerate(every) if command not in every[:number]]


def as_words(command: str | list[str]) -> list[str]:
    """Split a command as Compose does where it is one line."""
    return shlex.split(command) if isinstance(command, str) else command


def let_through() -> list[str]:
    """List what .dockerignore lets into a build."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line[1:] for line in lines if re.match(r"!\w", line)]
