"""# train_wide_deep: a snapshot becomes a registered version.

**Starts** when `feature_snapshot` is updated, or by hand with an `as_of`. **Writes** a run and a version in MLflow with
the alias `challenger`, and tells `model_version`. The first version becomes champion at once, and with AUTO_PROMOTE any
that the gate would promote; `watch_champion` sees to it that it serves.

**Safe to run again**: yes; the same instant and rows register no second version, and what was trained before MLflow
failed is not trained again.

**When it fails**: MLflow does not answer (`make status`), or there are too few orders before the instant to train on;
the log says which. It also fails when the gate refuses a version and nothing serves yet: read the version's page in
MLflow. What is served stays as it is. By hand: `python -m training.run --as-of T`.
"""

from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from dags.wiring.assets import MODEL_VERSION, SNAPSHOT
from dags.wiring.defaults import HEAVY_POOL, ONCE_MORE, resolve_as_of, workflow
from dags.wiring.newer_input import ask_if_newer, if_newer, once_more
from dags.wiring.note import run_noted

LIMIT_SECONDS = 6 * 3600
NAME = "train_wide_deep"


@dag(schedule=SNAPSHOT | once_more(NAME), **workflow(__doc__, ["model"], **ONCE_MORE))
def train_wide_deep() -> None:
    """Declare the workflow."""

    @task(inlets=[SNAPSHOT], outlets=[MODEL_VERSION, if_newer(NAME)], pool=HEAVY_POOL)
    def train(**context: Any) -> dict[str, Any]:
        """Train, evaluate and register a version."""
        as_of = resolve_as_of(context)
        started_by = ("--airflow-run", context["run_id"], context["ti"].log_url)
        command = ("training.run", "--as-of", as_of, *started_by, "--json")
        report = run_noted(context, _describe, *command, timeout_seconds=LIMIT_SECONDS)
        if report["champion"] is None:
            version, reason = report["version"], report["reason"]
            raise AirflowFailException(
                f"Version {version} is refused, nothing serves. {reason} More data may help; to serve it all the same: "
                f'make promote VERSION={version} OVERRIDE="why"'
            )
        context["outlet_events"][MODEL_VERSION].extra = {"as_of": as_of, "version": report["version"]}
        ask_if_newer(context, SNAPSHOT)
        return report | {"as_of": as_of}

    train()


def _describe(report: dict[str, Any]) -> str:
    return f"[version {report['version']}]({report['page']}): {report['verdict']}. {report['reason']}"


train_wide_deep()
