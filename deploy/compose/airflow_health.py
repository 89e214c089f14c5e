"""Ask Airflow's API about one of its components: `python -m deploy.compose.airflow_health scheduler`.

The scheduler and the DAG processor answer no requests of their own. What the API reports is their heartbeat in the
database, so a component that hangs shows too, and asking costs no start of Airflow's command line.
"""

import argparse
import json
import sys
import urllib.request

from command import Command, CommandError, Result

COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
TIMEOUT_SECONDS = 5.0


def component_status(url: str, component: str) -> str:
    """Ask for the heartbeat of one component.

    Args:
        url: where Airflow's API answers.
        component: one of `COMPONENTS`.

    Returns:
        The status in Airflow's own word, `healthy` or another.

    Raises:
        OSError: the API cannot be reached.
        ValueError: the answer is not JSON.
    """
    with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=TIMEOUT_SECONDS) as answer:
        return str(json.load(answer).get(component, {}).get("status"))


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when the component is healthy, else 1 with one line that says what it is."""
    command = Command("deploy.compose.airflow_health", __doc__, failed="")
    command.add_argument("component", choices=COMPONENTS)
    command.add_argument("--url", default="http://127.0.0.1:8080", help="where Airflow's API answers")
    return command.run(_check, arguments)


def _check(options: argparse.Namespace) -> Result:
    try:
        status = component_status(options.url, options.component)
    except (OSError, ValueError) as err:
        raise CommandError(f"Airflow at {options.url} does not answer: {err}") from err
    if status != "healthy":
        raise CommandError(f"Airflow's {options.component} is {status}")
    return Result()


if __name__ == "__main__":
    sys.exit(main())
