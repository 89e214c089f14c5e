"""Start the first full pass once everything is up: `python -m deploy.compose.first_run`.

Does nothing when lists were published before or a pass is under way: from then on the schedule and the assets drive.
"""

import argparse
import sys

import httpx

from command import Command, Result
from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER
from deploy.first_run import CHAIN, FIRST, has_passed, list_under_way
from deploy.interpreter import SetupError
from settings import load_settings

DAGS_LIMIT_SECONDS = 180


def start_first_pass(airflow: AirflowClient) -> str:
    """Start the chain if nothing was published and nothing runs.

    Args:
        airflow: a signed-in client.

    Returns:
        What was done, for a person.

    Raises:
        TimeoutError: Airflow has not read the workflows; the message names them.
        httpx.HTTPError: Airflow does not answer.
    """
    airflow.await_dags(tuple(CHAIN), limit_seconds=DAGS_LIMIT_SECONDS)
    if has_passed(airflow):
        return "lists were published before: nothing to start"
    if under_way := list_under_way(airflow):
        return f"the first pass is under way: {', '.join(under_way)}"
    return f"started {FIRST} ({airflow.trigger(FIRST)}); follow it in Airflow's UI"


def main(arguments: list[str] | None = None) -> int:
    """Start the pass; exit 1 with one line when Airflow refuses."""
    command = Command("deploy.compose.first_run", __doc__, failed="The first pass was not started")
    command.add_argument("--url", default="http://airflow-api-server:8080", help="where Airflow's API answers")
    return command.run(_start, arguments, (OSError, TimeoutError, SetupError, httpx.HTTPError))


def _start(options: argparse.Namespace) -> Result:
    password = load_settings().airflow_admin_password.get_secret_value()
    return Result(start_first_pass(AirflowClient(options.url, USER, password)))


if __name__ == "__main__":
    sys.exit(main())
