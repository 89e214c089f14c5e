"""# maintain_store: the ML store stays small and quick.

**Starts** every Sunday at 03:40 UTC, or by hand. **Writes** the same rows of the ML store into fewer files, and deletes
snapshots and files that are past their time; what a registered version was made from stays, whatever its age.

**Safe to run again**: yes, at any time; a tidy store is left alone, and it waits its turn behind `sync_shop`.

**When it fails**: the log's last line says why; usually the disk is full or the object store did not answer. Nothing is
lost, the next run goes on. By hand: `python -m features.maintain`, whose `--help` names the times.
"""

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.wiring.defaults import TRANSIENT, workflow
from dags.wiring.note import run_noted

LIMIT_SECONDS = 3600


@dag(
    schedule=CronTriggerTimetable("40 3 * * 0", timezone="UTC"),
    **workflow(__doc__, ["data"], **TRANSIENT),
)
def maintain_store() -> None:
    """Declare the workflow."""

    @task
    def maintain(**context: Any) -> dict[str, Any]:
        """Compact, drop, delete. A sync at work makes this try again later."""
        report = run_noted(context, _describe, "features.maintain", "--json", timeout_seconds=LIMIT_SECONDS)
        if report["state"] == "busy":
            raise RuntimeError(f"Not now: {report['reason']}")
        return report

    maintain()


def _describe(report: dict[str, Any]) -> str:
    if report["state"] == "busy":
        return f"Not now: {report['reason']}"
    deleted = sum(report["deleted_files"].values())
    return f"{len(report['dropped_snapshots'])} snapshots dropped, {deleted} files deleted"


maintain_store()
