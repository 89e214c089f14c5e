"""Ask Airflow's API about one of its components: `python -m deploy.compose.airflow_health scheduler`.

The scheduler and the DAG processor answer no requests of their own. What the API reports is their heartbeat in the
database, so a component that hangs shows too, and asking costs no start of Airflow's command line.
"""

import argparse
import json
import sys
import urllib.request

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


def main() -> None:
    """Exit 0 when the component is healthy, else 1 with one line that says what it is."""
    parser = argparse.ArgumentParser(prog="python -m deploy.compose.airflow_health", description=__doc__)
    parser.add_argument("component", choices=COMPONENTS)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where Airflow's API answers")
    arguments = parser.parse_args()
    try:
        status = component_status(arguments.url, arguments.component)
    except (OSError, ValueError) as err:
        sys.exit(f"Airflow at {arguments.url} does not answer: {err}")
    if status != "healthy":
        sys.exit(f"Airflow's {arguments.component} is {status}")


if __name__ == "__main__":
    main()
