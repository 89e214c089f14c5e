"""# train_wide_deep: a snapshot becomes a registered version.

**Starts** when `feature_snapshot` is updated, or by hand with an `as_of`. **Writes** a run and a version in MLflow with
the alias `challenger`, and tells `model_version`. When the version became champion at once (the first one does, and
with AUTO_PROMOTE any that the gate would promote) it tells `champion`, which starts `score_users`.

**Safe to run again**: yes; the same instant and rows register no second version.

**When it fails**: MLflow does not answer (`make status`), or there are too few orders before the instant to train on;
the log says which. What is served stays as it is. By hand: `python -m training.run --as-of T`.
"""

from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags._assets import CHAMPION, MODEL_VERSION, SNAPSHOT
from dags._command import run_module
from dags._defaults import HEAVY_POOL, ONCE_MORE, resolve_as_of, workflow

LIMIT_SECONDS = 6 * 3600


@dag(schedule=[SNAPSHOT], **workflow(__doc__, ["model"], **ONCE_MORE))
def train_wide_deep() -> None:
    """Declare the workflow."""

    @task(outlets=[MODEL_VERSION], pool=HEAVY_POOL)
    def train(**context: Any) -> dict[str, Any]:
        """Train, judge and register a version."""
        as_of = resolve_as_of(context)
        report = run_module("training.run", "--as-of", as_of, "--json", timeout_seconds=LIMIT_SECONDS)
        report["as_of"] = as_of
        context["outlet_events"][MODEL_VERSION].extra = {"as_of": as_of, "version": report["version"]}
        return report

    @task(outlets=[CHAMPION])
    def announce_champion(report: dict[str, Any], **context: Any) -> None:
        """Tell that the new version serves from now on, if it does."""
        if report["champion"] != report["version"]:
            raise AirflowSkipException(f"Version {report['version']} waits for a reviewer as challenger.")
        context["outlet_events"][CHAMPION].extra = {"as_of": report["as_of"], "version": report["version"]}

    announce_champion(train())


train_wide_deep()
