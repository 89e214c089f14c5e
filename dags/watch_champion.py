"""# watch_champion: a moved alias takes effect.

**Starts** every minute. **Writes** nothing itself: when the alias `champion` names another version than the one whose
lists shoppers see, it tells `champion`, which starts `score_users`. Skips in green when there is nothing to do.

**Safe to run again**: yes.

**When it fails**: MLflow or the shop's database did not answer; `make status` tells which. Shoppers keep their lists,
the model server keeps its version, and the next minute tries again. By hand: `python -m serving.watch`.
"""

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags._assets import CHAMPION
from dags._command import run_module
from dags._defaults import ONCE_MORE, workflow

LIMIT_SECONDS = 60


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    **workflow(__doc__, ["serving"], **ONCE_MORE),
)
def watch_champion() -> None:
    """Declare the workflow."""

    @task(outlets=[CHAMPION])
    def look(**context: Any) -> dict[str, Any]:
        """Compare the alias with what shoppers see."""
        state = run_module("serving.watch", "--json", timeout_seconds=LIMIT_SECONDS)
        if state["is_published"]:
            raise AirflowSkipException(f"Version {state['champion']} is champion and published.")
        context["outlet_events"][CHAMPION].extra = {"version": state["champion"]}
        return state

    look()


watch_champion()
