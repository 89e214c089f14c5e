"""# score_users: the champion ranks products for every user.

**Starts** when `feature_snapshot` or `champion` is updated, or by hand with an `as_of`. **Writes** a batch of
recommendations to the shop's database: written, audited, and only then pointed at; tells `recommendations`. Skips in
green while there is no champion.

**Safe to run again**: yes; shoppers see the last good batch until a new one has passed its audit.

**When it fails**: an audit that refuses names its rule and figures in the log; MLflow or the shop's database may not
answer (`make status`). Shoppers keep their lists. By hand: `python -m serving.score --as-of T`.
"""

from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags._assets import CHAMPION, RECOMMENDATIONS, SNAPSHOT
from dags._command import run_module
from dags._defaults import HEAVY_POOL, TRANSIENT, resolve_as_of, workflow

LIMIT_SECONDS = 2 * 3600


@dag(schedule=SNAPSHOT | CHAMPION, doc_md=__doc__, **workflow(["serving"], **TRANSIENT))
def score_users() -> None:
    """Declare the workflow."""

    @task
    def find_champion() -> int:
        """Resolve the alias once; the whole run scores with that version."""
        from training.registry import connect

        from settings import load_settings

        settings = load_settings()
        version: int | None = connect(settings.mlflow_tracking_uri, settings.model_name).resolve_alias("champion")
        if version is None:
            raise AirflowSkipException("No version is champion yet: the first training will start this again.")
        return version

    @task(outlets=[RECOMMENDATIONS], pool=HEAVY_POOL, priority_weight=10)
    def score(version: int, **context: Any) -> dict[str, Any]:
        """Rank, write, audit, point."""
        as_of = resolve_as_of(context)
        report = run_module(
            "serving.score",
            *("--as-of", as_of, "--version", str(version), "--json"),
            timeout_seconds=LIMIT_SECONDS,
        )
        context["outlet_events"][RECOMMENDATIONS].extra = {"as_of": as_of, "version": version}
        return report

    score(find_champion())


score_users()
