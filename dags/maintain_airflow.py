"""# maintain_airflow: Airflow's own history stays small.

**Starts** every day at 04:10 UTC, or by hand. **Writes** nothing new: it deletes runs, events and sessions in Airflow's
database that are older than 90 days, and the logs of tasks that are older than 30 days. The newest run of each workflow
stays, whatever its age.

**Safe to run again**: yes, at any time.

**When it fails**: the log's last line says why; usually Airflow's database does not answer, and the next day catches
up. By hand: `python -m deploy.compose.retention`, whose `--help` names the times.
"""

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.wiring.defaults import TRANSIENT, workflow
from dags.wiring.note import run_noted

LIMIT_SECONDS = 1800


@dag(
    schedule=CronTriggerTimetable("10 4 * * *", timezone="UTC"),
    **workflow(__doc__, ["operations"], **TRANSIENT),
)
def maintain_airflow() -> None:
    """Declare the workflow."""

    @task
    def forget(**context: Any) -> dict[str, Any]:
        """Delete what is past its time."""
        return run_noted(context, _describe, "deploy.compose.retention", "--json", timeout_seconds=LIMIT_SECONDS)

    forget()


def _describe(report: dict[str, Any]) -> str:
    return f"{report['log_files']} logs deleted, rows older than {report['rows_before_days']} days too"


maintain_airflow()
