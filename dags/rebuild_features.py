"""# rebuild_features: rows become a snapshot of features.

**Starts** when `shop_rows` is updated, or by hand with an `as_of`. **Writes** the feature snapshot of that instant, and
tells `feature_snapshot`, which starts `train_wide_deep` and `score_users`. With FEATURE_TASKS above 1 a first step
computes what needs all users, that many tasks a share of the users each, and the last step what they left.

**Safe to run again**: yes; the same instant and rows give the same snapshot, which replaces itself at once.

**When it fails**: the log names the table or feature. Run `sync_shop` first when rows are missing; give the machine
more memory, or the store more buckets (`python -m features.rebucket`), when the step was killed. The last good snapshot
keeps serving.
By hand: `python -m features.rebuild --as-of T`. A share that failed is written by the last step.
"""

from typing import Any

from airflow.sdk import dag, task

from dags.wiring.assets import SHOP_ROWS, SNAPSHOT
from dags.wiring.defaults import HEAVY_POOL, ONCE_MORE, resolve_as_of, tell_as_of, workflow
from dags.wiring.newer_input import ask_if_newer, if_newer, once_more
from dags.wiring.note import run_noted
from dags.wiring.shares import count_shares, plan_shares, write_shares

LIMIT_SECONDS = 2 * 3600
NAME, MODULE = "rebuild_features", "features.rebuild"


@dag(schedule=SHOP_ROWS | once_more(NAME), **workflow(__doc__, ["data"], **ONCE_MORE))
def rebuild_features() -> None:
    """Declare the workflow."""

    @task(inlets=[SHOP_ROWS], outlets=[SNAPSHOT, if_newer(NAME)], pool=HEAVY_POOL, trigger_rule="all_done")
    def rebuild(**context: Any) -> dict[str, Any]:
        """Compute every feature from what was known before the instant."""
        as_of = resolve_as_of(context)
        command = (MODULE, "--as-of", as_of, "--json")
        report = run_noted(context, _describe, *command, timeout_seconds=LIMIT_SECONDS)
        context["outlet_events"][SNAPSHOT].extra = {"as_of": as_of}
        ask_if_newer(context, SHOP_ROWS)
        return report

    last, num_shares = rebuild(), count_shares("feature_tasks")
    if num_shares > 1:
        plan_shares(MODULE, LIMIT_SECONDS) >> write_shares(MODULE, num_shares, tell_as_of, LIMIT_SECONDS) >> last


def _describe(report: dict[str, Any]) -> str:
    return f"as of {report['as_of']}: {report['num_users']} users, {report['num_products']} products"


rebuild_features()
