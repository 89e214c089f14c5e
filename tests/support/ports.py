"""Settings of a throw-away installation, on ports that nobody listens on."""

import socket
from pathlib import Path
from typing import Any

from settings import Settings

PORTS = ("api_port", "serving_port", "mlflow_port", "airflow_port")


def free_ports(count: int) -> list[int]:
    """Return distinct ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def free_settings(var_dir: Path) -> Settings:
    """Return settings with a `VAR_DIR` and four free ports."""
    ports: dict[str, Any] = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    return Settings(var_dir=var_dir, **ports)
