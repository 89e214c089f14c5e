"""# watch_champion: a moved alias takes effect, or the run turns red.

**Starts** again soon after it has ended. **Writes** nothing itself: it looks at the alias `champion` every two
seconds for nine minutes; once it names another version than the one announced last, it tells `champion`, which starts
`score_users`. Then it reads back from the model server and from the API which version they serve, and waits until both
serve what the alias says. Skips in green when nothing moves.

**Safe to run again**: yes.

**When it fails**: a red `read_back` means that something else is served than the alias says; its log names the alias
and both versions, and a version that is refused with the reason. Move the alias back (`make rollback`), or look at the
red run of `score_users`. A red `look` means that MLflow did not answer, or that the model server is behind:
`make status`. Shoppers keep their lists, and the next run tries again. By hand: `python -m serving.watch`.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DeltaTriggerTimetable, dag, task

from dags._assets import CHAMPION
from dags._command import run_module
from dags._defaults import ONCE_MORE, workflow

PAUSE = timedelta(seconds=5)
LOOK_SECONDS = 540
SERVED_SECONDS = 1800
"""Scoring a large shop takes its time; a version that is refused is noticed within half a minute."""
SPARE_SECONDS = 60


@dag(
    schedule=DeltaTriggerTimetable(PAUSE),
    **workflow(__doc__, ["serving"], **ONCE_MORE),
)
def watch_champion() -> None:
    """Declare the workflow."""

    @task(inlets=[CHAMPION], outlets=[CHAMPION])
    def look(**context: Any) -> dict[str, Any]:
        """Wait for the alias to move away from the version that was announced last."""
        events = context["inlet_events"][CHAMPION]
        announced = ("--announced", str(events[-1].extra["version"])) if len(events) else ()
        wait = ("--await-move", str(LOOK_SECONDS))
        state = run_module("serving.watch", *wait, *announced, "--json", timeout_seconds=LOOK_SECONDS + SPARE_SECONDS)
        context["outlet_events"][CHAMPION].extra = {"version": state["champion"]}
        return state

    @task
    def read_back() -> dict[str, Any]:
        """Wait until model server and homepage serve what the alias says."""
        wait = ("--await-served", str(SERVED_SECONDS))
        return run_module("serving.watch", *wait, "--json", timeout_seconds=SERVED_SECONDS + SPARE_SECONDS)

    look() >> read_back()


watch_champion()
