"""The server's command line and environment, as pure functions of the settings.

Whatever holds a secret travels in the environment or in a file of mode 0600, never on the command line, which every
user of the machine can read.
"""

import os
import sys
from pathlib import Path

from settings import Settings

ROOT = Path(__file__).resolve().parents[1]

HARDENING = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # no job runner: half the memory, and nothing is executed here
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
}

WEBHOOKS = {
    # The model server is called over http at an address of this network; MLflow forbids both unless told otherwise.
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_CACHE_TTL": "5",
    "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "5",
    "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "1",
}

# Where the store of files is silent, whoever waits for MLflow is told within a minute or so, not after five tries.
OBJECT_STORE = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "3"}


def server_command(settings: Settings, *, has_login: bool) -> list[str]:
    """Compose the `mlflow server` command.

    Args:
        settings: where things run.
        has_login: whether the login application stands before the API and the UI.

    Returns:
        The arguments, the interpreter first.
    """
    command = [sys.executable, "-m", "mlflow", "server"]
    command += ["--host", settings.host, "--port", str(settings.mlflow_port), "--workers", "1"]
    command += ["--allowed-hosts", settings.mlflow_allowed_hosts]
    command += ["--serve-artifacts", "--artifacts-destination", settings.mlflow_artifacts_uri]
    if has_login:
        command += ["--app-name", "login"]
    return command


def server_environment(settings: Settings, login_file: Path | None, webhook_key: str) -> dict[str, str]:
    """Collect the variables that the server's process adds to its own.

    Args:
        settings: where things run.
        login_file: file of the login application (see `login.py`), or `None` for a server without login.
        webhook_key: that the secrets of webhooks are kept under (see `webhook_key.py`).

    Returns:
        Values by name; some are secret.
    """
    environment = {**HARDENING, **WEBHOOKS, "MLFLOW_BACKEND_STORE_URI": backend_uri(settings)}
    if settings.mlflow_artifacts_uri.startswith("s3://"):
        environment |= OBJECT_STORE | _name_object_store(settings)
    environment["MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"] = webhook_key
    if login_file is not None:
        environment["MLFLOW_AUTH_CONFIG_PATH"] = str(login_file)
        environment["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "mlflow_server" / "plugin")))
        environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] = settings.mlflow_secret_key.get_secret_value()
    return environment


def backend_uri(settings: Settings) -> str:
    """Name the database of runs and versions: the one set, else SQLite under `VAR_DIR`."""
    return settings.mlflow_backend_uri.get_secret_value() or f"sqlite:///{settings.var_dir / 'mlflow' / 'mlflow.db'}"


def _name_object_store(settings: Settings) -> dict[str, str]:
    """Return address and account as boto3 reads them, which knows a region by another name."""
    options = {name.upper(): value for name, value in settings.object_store.items() if name != "aws_allow_http"}
    return options | ({"AWS_DEFAULT_REGION": settings.aws_region} if settings.aws_region else {})
