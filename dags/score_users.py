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

from dags._assets import CHAMPION, RECOMMENDATIONS, SNAPSHOT
from dags._command import run_module
from dags._defaults import HEAVY_POOL, TRANSIENT, resolve_as_of, workflow

LIMIT_SECONDS = 2 * 3600


@dag(schedule=SNAPSHOT | CHAMPION, doc_md=__doc__, **workflow(["serving"], **TRANSIENT))
def score_users() -> None:
    """Declare the workflow."""

    @task(outlets=[RECOMMENDATIONS], pool=HEAVY_POOL, priority_weight=10)
    def score(**context: Any) -> dict[str, Any]:
        """Resolve the champion once; rank, write, audit, point."""
        as_of = resolve_as_of(context)
        report = run_module("serving.score", "--as-of", as_of, "--json", timeout_seconds=LIMIT_SECONDS)
        context["outlet_events"][RECOMMENDATIONS].extra = {"as_of": as_of, "version": report["model_version"]}
        return report

    score()


score_users()
