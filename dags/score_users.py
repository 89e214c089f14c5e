"""# score_users: the champion ranks products for every user.

**Starts** when `feature_snapshot` or `champion` is updated, or by hand with an `as_of` (none: the newest snapshot).
**Writes** a batch of recommendations to the shop's database: written, audited, and only then pointed at; tells
`recommendations`. Skips in green while there is no champion.

**Safe to run again**: yes; shoppers see the last good batch until a new one has passed its audit.

**When it fails**: an audit that refuses names its rule and figures in the log; MLflow or the shop's database may not
answer (`make status`). Shoppers keep their lists. By hand: `python -m serving.score --as-of T`.
"""

from typing import Any

from airflow.sdk import dag, task

from dags._assets import CHAMPION, RECOMMENDATIONS, SNAPSHOT
from dags._command import run_module
from dags._defaults import HEAVY_POOL, TRANSIENT, given_as_of, workflow

LIMIT_SECONDS = 2 * 3600


@dag(schedule=SNAPSHOT | CHAMPION, **workflow(__doc__, ["serving"], **TRANSIENT))
def score_users() -> None:
    """Declare the workflow."""

    @task(outlets=[RECOMMENDATIONS], pool=HEAVY_POOL, priority_weight=10)
    def score(**context: Any) -> dict[str, Any]:
        """Resolve the champion once; rank, write, audit, publish."""
        as_of = given_as_of(context)
        instant = ("--as-of", as_of) if as_of else ()
        report = run_module("serving.score", *instant, "--json", timeout_seconds=LIMIT_SECONDS)
        told = {"as_of": report["as_of"], "version": report["model_version"]}
        context["outlet_events"][RECOMMENDATIONS].extra = told
        return report

    score()


score_users()
