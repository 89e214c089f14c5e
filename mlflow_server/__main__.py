"""Start the MLflow server: `python -m mlflow_server`.

The process replaces itself by `mlflow server`, so its pid is the server's and a SIGTERM stops it.
"""

import argparse
import os
import sys
from typing import NoReturn

from command import Command, say
from mlflow_server.command import server_command, server_environment
from mlflow_server.login import keep_password, write_login_file
from mlflow_server.webhook_key import ensure_webhook_key
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command; it returns only when the server could not be started."""
    return Command("mlflow_server", __doc__, failed="MLflow does not start").run(_serve, arguments, (ValueError,))


def _serve(_options: argparse.Namespace) -> NoReturn:
    """Read the settings, prepare the folders, become the server."""
    settings = load_settings()
    folder = settings.var_dir / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    login_file = write_login_file(settings, folder / "login.ini")
    if login_file is not None and keep_password(settings, login_file):
        say("the administrator's password was replaced by that of the settings")
    webhook_key = ensure_webhook_key(folder / "webhook.key")
    for name, value in server_environment(settings, login_file, webhook_key).items():
        os.putenv(name, value)
    os.execv(sys.executable, server_command(settings, has_login=login_file is not None))


if __name__ == "__main__":
    sys.exit(main())
