"""# rebuild_features: rows become a snapshot of features.

**Starts** when `shop_rows` is updated, or by hand with an `as_of`. **Writes** the feature snapshot of that instant, and
tells `feature_snapshot`, which starts `train_wide_deep` and `score_users`.

**Safe to run again**: yes; the same instant and rows give the same snapshot, which replaces itself at once.

**When it fails**: the log names the table or feature. Run `sync_shop` first when rows are missing; give the machine
more memory, or raise NUM_BUCKETS on a new store, when the step was killed. The last good snapshot keeps serving.
By hand: `python -m features.rebuild --as-of T`.
"""

from typing import Any

from airflow.sdk import dag, task

from dags._assets import SHOP_ROWS, SNAPSHOT
from dags._command import run_module
from dags._defaults import HEAVY_POOL, ONCE_MORE, resolve_as_of, workflow

LIMIT_SECONDS = 2 * 3600


@dag(schedule=[SHOP_ROWS], **workflow(__doc__, ["data"], **ONCE_MORE))
def rebuild_features() -> None:
    """Declare the workflow."""

    @task(outlets=[SNAPSHOT], pool=HEAVY_POOL)
    def rebuild(**context: Any) -> dict[str, Any]:
        """Compute every feature from what was known before the instant."""
        as_of = resolve_as_of(context)
        report = run_module("features.rebuild", "--as-of", as_of, "--json", timeout_seconds=LIMIT_SECONDS)
        context["outlet_events"][SNAPSHOT].extra = {"as_of": as_of}
        return report

    rebuild()


rebuild_features()
