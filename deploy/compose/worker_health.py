"""Ask this container's own Celery worker, by way of the queue: `python -m deploy.compose.worker_health`."""

import argparse
import socket
import sys
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from command import Command, CommandError, Result

PASSWORD = Path("/run/secrets/redis_password")
TIMEOUT_SECONDS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when the worker answers, else 1 with one line."""
    command = Command("deploy.compose.worker_health", __doc__, failed="")
    command.add_argument("--queue", default="redis:6379", help="host and port of Redis")
    command.add_argument("--password-file", type=Path, default=PASSWORD, help="file of its password")
    return command.run(_check, arguments, (OSError,))


def _check(options: argparse.Namespace) -> Result:
    password, name = options.password_file.read_text(encoding="utf-8").strip(), f"celery@{socket.gethostname()}"
    try:
        with Celery(broker=f"redis://:{password}@{options.queue}/0") as app:
            answers = app.control.ping([name], timeout=TIMEOUT_SECONDS)
    except OperationalError as err:
        raise CommandError(f"Redis at {options.queue} does not answer: {err}") from err
    if not answers:
        raise CommandError(f"{name} does not answer")
    return Result()


if __name__ == "__main__":
    sys.exit(main())
