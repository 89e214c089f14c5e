"""# watch_champion: a moved alias takes effect, or the run turns red.

**Starts** again soon after it has ended. **Writes** nothing itself: it looks at the alias `champion` every two
seconds for nine minutes; once it names another version than the one announced last, or that one was refused by the
gate and has the tag `override` now, it tells `champion`, which starts `score_users`. Then it reads back from the model
server and from the API which version they serve, and waits until both serve what the alias says. Skips in green when
nothing moves. Both wait in the triggerer and hold no task slot.

**Safe to run again**: yes.

**When it fails**: a red `read_back` means that something else is served than the alias says; its log names the alias
and both versions, and a version that is refused with the reason. Move the alias back (`make rollback`), or look at the
red run of `score_users`. A red `look` means that MLflow did not answer, or that the model server is behind:
`make status`. Shoppers keep their lists, and the next run tries again. By hand: `python -m serving.watch`.
"""

from datetime import timedelta

from airflow.sdk import DeltaTriggerTimetable, dag

from dags.wiring.champion import Look, ReadBack
from dags.wiring.defaults import ONCE_MORE, workflow

PAUSE = timedelta(seconds=5)


@dag(schedule=DeltaTriggerTimetable(PAUSE), **workflow(__doc__, ["serving"], **ONCE_MORE))
def watch_champion() -> None:
    """Declare the workflow."""
    Look(task_id="look") >> ReadBack(task_id="read_back")


watch_champion()
