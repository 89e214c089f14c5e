"""# sync_shop: the shop's rows come into the ML store.

**Starts** every day at 00:10 UTC, or by hand. **Writes** the Delta tables of the ML store, and tells `shop_rows`, which
starts `rebuild_features`. The verdict of the comparison, or why there is none, is the **note** of the run.

**Safe to run again**: yes, at any time; what is there already is not copied twice, and two runs never overlap.

**When it fails**: read the log's last line, it says what to check. Usually the shop's database does not answer
(`SHOP_DATABASE_URL`; of events, `PLATFORM_DATABASE_URL`), lost a column, or looks like another shop or an emptied one,
which the sync refuses to follow until it is told so by hand (`--accept-source`, `--accept-deletes`). Single rows that
cannot be read are counted in the note and named in the log. Nothing is half-written: clear the task and it goes on
where the last good run ended. By hand: `python -m features.sync --verify`.
"""

from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.wiring.assets import SHOP_ROWS
from dags.wiring.command import run_module
from dags.wiring.defaults import TRANSIENT, find_instant_of_rows, workflow
from dags.wiring.note import leave_note

LIMIT_SECONDS = 3600


@dag(
    schedule=CronTriggerTimetable("10 0 * * *", timezone="UTC"),
    **workflow(__doc__, ["data"], **TRANSIENT),
)
def sync_shop() -> None:
    """Declare the workflow."""

    @task(outlets=[SHOP_ROWS])
    def sync(**context: Any) -> dict[str, Any]:
        """Copy what changed in the shop, then compare both sides."""

        def note(report: dict[str, Any]) -> None:
            leave_note(context, report.get("verdict") or report["reason"])

        report = run_module("features.sync", "--verify", "--json", timeout_seconds=LIMIT_SECONDS, heard=note)
        if report["state"] == "busy":
            raise AirflowSkipException(report["reason"])
        as_of = find_instant_of_rows(context, report.get("newest_order"))
        context["outlet_events"][SHOP_ROWS].extra = {"as_of": as_of, "verdict": report["verdict"]}
        return report

    sync()


sync_shop()
