"""# score_users: the champion ranks products for every user.

**Starts** when `feature_snapshot` or `champion` is updated, or by hand with an `as_of` (none: the newest snapshot).
**Writes** a batch of recommendations to the shop's database: written, audited, and only then pointed at; tells
`recommendations`. Which lists are shown is the note of the run. Skips in green until there is a first champion; a lost
one turns it red. It has a pool of its own and waits for no training; when the alias moves meanwhile, it begins anew.
With SCORING_TASKS above 1 that many tasks write a share of the users each, and the last step what they left.

**Safe to run again**: yes; shoppers see the last good batch until a new one has passed its audit.

**When it fails**: the log's last line says why. An audit that refuses names its rule and figures; MLflow or the shop's
database may not answer (`make status`). Shoppers keep their lists. By hand: `python -m serving.score --as-of T`.
A share that failed is written by the last step.
"""

from typing import Any

from airflow.sdk import dag, task

from dags.wiring.assets import CHAMPION, RECOMMENDATIONS, SNAPSHOT
from dags.wiring.defaults import AGAIN_SOON, SCORING_POOL, pass_as_of, workflow
from dags.wiring.newer_input import ask_if_newer, if_newer, once_more
from dags.wiring.note import run_noted
from dags.wiring.shares import count_shares, write_shares

LIMIT_SECONDS = 2 * 3600
NAME = "score_users"
INPUTS = (SNAPSHOT, CHAMPION)
RUNS = 4
"""The pool lets one of them score at a time; one that sleeps before its next try holds up no promotion."""


@dag(
    schedule=SNAPSHOT | CHAMPION | once_more(NAME), **workflow(__doc__, ["serving"], max_active_runs=RUNS, **AGAIN_SOON)
)
def score_users() -> None:
    """Declare the workflow."""

    @task(inlets=list(INPUTS), outlets=[RECOMMENDATIONS, if_newer(NAME)], pool=SCORING_POOL, trigger_rule="all_done")
    def score(**context: Any) -> dict[str, Any]:
        """Resolve the champion once; rank, write, audit, publish."""
        command = ("serving.score", *pass_as_of(context), "--json")
        report = run_noted(context, _describe, *command, timeout_seconds=LIMIT_SECONDS)
        context["outlet_events"][RECOMMENDATIONS].extra = {"as_of": report["as_of"], "version": report["model_version"]}
        ask_if_newer(context, *INPUTS)
        return report

    last = score()
    num_shares = count_shares("scoring_tasks")
    if num_shares > 1:
        write_shares("serving.score", num_shares, pass_as_of, LIMIT_SECONDS) >> last


def _describe(report: dict[str, Any]) -> str:
    version, num_users = report["model_version"], report["num_users"]
    return f"lists of version {version} for {num_users} users are shown, as of {report['as_of']}"


score_users()
