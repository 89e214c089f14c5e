"""Ask a running MLflow server one question of its API: `python -m mlflow_server.health`.

`/health` would not do: it answers 200 whatever the database, the host check and the login say.
"""

import argparse
import base64
import sys
import urllib.request

from command import Command, CommandError, Result
from settings import Settings, load_settings

TIMEOUT_SECONDS = 5.0


def ask(settings: Settings) -> None:
    """Search for one experiment, as a client would.

    Args:
        settings: port and login of the server.

    Raises:
        OSError: the server cannot be reached, or refuses; the message says which.
    """
    url = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/experiments/search?max_results=1"
    request = urllib.request.Request(url)
    if password := settings.mlflow_admin_password.get_secret_value():
        credentials = base64.b64encode(f"admin:{password}".encode()).decode("ascii")
        request.add_header("Authorization", f"Basic {credentials}")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read()


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when the API answers, else 1 with one line that says why."""
    return Command("mlflow_server.health", __doc__, failed="MLflow").run(_check, arguments)


def _check(_options: argparse.Namespace) -> Result:
    settings = load_settings()
    try:
        ask(settings)
    except OSError as err:
        raise CommandError(f"port {settings.mlflow_port} does not answer its API: {err}") from err
    return Result()


if __name__ == "__main__":
    sys.exit(main())
