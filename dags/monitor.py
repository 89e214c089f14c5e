"""# monitor: click and order rates of the products that shoppers were shown.

**Starts** every day at 05:20 UTC, or by hand. **Writes** nothing: the log shows click and order rates by model version,
rung and slot with their intervals, and the comparison of two aliases while there is one; the task returns the same as
JSON. The week before the run is looked at.

**Safe to run again**: yes; an older run repeats its own week.

**When it fails**: the shop's database did not answer, or two aliases are compared and the split of shoppers is broken,
so that no figure of the comparison may be believed. By hand: `python -m api.reporting.engagement --since T --until T`.
"""

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from dags.wiring.defaults import TRANSIENT, resolve_as_of, workflow
from dags.wiring.note import run_noted

LIMIT_SECONDS = 900


@dag(
    schedule=CronTriggerTimetable("20 5 * * *", timezone="UTC"),
    **workflow(__doc__, ["serving"], **TRANSIENT),
)
def monitor() -> None:
    """Declare the workflow."""

    @task
    def report(**context: Any) -> dict[str, Any]:
        """Count what was shown, clicked and ordered; a broken split turns the run red."""
        until = resolve_as_of(context)
        command = ("api.reporting.engagement", "--until", until, "--json")
        rates = run_noted(context, _describe, *command, timeout_seconds=LIMIT_SECONDS)
        comparison = rates["comparison"]
        if comparison and comparison["is_split_broken"]:
            raise RuntimeError(f"The split of shoppers is broken: {comparison['arms']}.")
        return rates

    report()


def _describe(rates: dict[str, Any]) -> str:
    shown = [
        f"version {name}: {one['impressions']} shown, {one['clicks']} clicked"
        for name, one in rates["by_version"].items()
    ]
    return f"{'; '.join(shown) or 'nothing was shown'}, from {rates['since']}"


monitor()
