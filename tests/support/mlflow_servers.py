"""A real MLflow server, as the launcher or a container starts it, for the time of a block."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlflow_server.health import ask
from settings import Settings
from tests.support.processes import START_SECONDS, await_answer

ROOT = Path(__file__).parents[2]


@contextmanager
def mlflow_running(
    settings: Settings,
    login: Mapping[str, str] | None = None,
    *,
    python: str = sys.executable,
    folder: Path = ROOT,
    seconds: float = START_SECONDS,
) -> Iterator[None]:
    """Start the server of an installation, and end it with the block.

    Args:
        settings: of the installation.
        login: variables of production, if the server has a login.
        python: its interpreter.
        folder: where its packages lie.
        seconds: how long it may take to answer.

    Yields:
        Once it answers.
    """
    values = {"VAR_DIR": str(settings.var_dir), "MLFLOW_PORT": str(settings.mlflow_port), **(login or {})}
    command = [python, "-m", "mlflow_server"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **values}, stderr=subprocess.DEVNULL)
    try:
        await_answer(process, lambda: answers(settings), seconds=seconds)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(settings: Settings) -> bool:
    """Return whether the server of an installation answers its API."""
    try:
        ask(settings)
    except OSError:
        return False
    return True
