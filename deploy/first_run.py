"""The first full pass: let Airflow run the chain once, and follow it from the shop's rows to published lists."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.airflow_client import AirflowClient
from deploy.interpreter import SetupError
from deploy.progress import Board, Step

CHAIN = {
    "sync_shop": "Copy the shop's rows",
    "rebuild_features": "Compute features",
    "train_wide_deep": "Train, evaluate, register",
    "score_users": "Rank for every user, publish",
}
FIRST = next(iter(CHAIN))
FINISHED = {"success", "failed"}
UNDER_WAY = ("running", "queued")
LIMIT_SECONDS = 1800
APPEAR_SECONDS = 120
POLL_SECONDS = 2.0
HANDOVER_SECONDS = 30.0
LOG_LINES = 12
SAID_LENGTH = 60
GROUP_MARKS = ("::group::", "::endgroup::")
LOG_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \S+ [A-Z]+ \S+ ")


class PassError(SetupError):
    """A workflow of the first pass failed or never started; the message ends with the last lines of its log."""


def prepare_airflow(airflow: AirflowClient, pools: Path) -> None:
    """Create the pools and wait until the workflows are read.

    Args:
        airflow: the client.
        pools: file in the form of `airflow pools import`.
    """
    for name, pool in json.loads(pools.read_text(encoding="utf-8")).items():
        airflow.ensure_pool(name, pool["slots"], pool["description"])
    airflow.await_dags(tuple(CHAIN), limit_seconds=60)


def has_passed(airflow: AirflowClient) -> bool:
    """Return whether lists were published before: a successful `score_users` whose scoring was not skipped."""
    return any(_has_scored(airflow, run) for run in airflow.runs("score_users", state="success"))


def follow_first_pass(airflow: AirflowClient, board: Board, task_logs: Path) -> None:
    """Start the chain, or join one that is under way, and follow it until the lists are published.

    Raises:
        PassError: a run failed or did not appear; what ran before it stays, and the services run on.
    """
    since = _start_of_pass_under_way(airflow)
    if since is None:
        since = datetime.now(UTC).isoformat()
        airflow.trigger(FIRST)
    for dag_id, title in CHAIN.items():
        with board.step(title) as step:
            run = _follow(airflow, dag_id, since, step, task_logs)
            step.note = dag_id
            if run["state"] == "failed":
                raise PassError(_explain(airflow, run, task_logs))


def list_under_way(airflow: AirflowClient) -> list[str]:
    """List the workflows of the chain that run or are queued.

    Between two of them nothing runs for some seconds: where the first ended well, the next gets the time to appear.
    """
    deadline = time.monotonic() + HANDOVER_SECONDS
    while True:
        under_way = [dag_id for dag_id in CHAIN if any(airflow.runs(dag_id, state=state) for state in UNDER_WAY)]
        if under_way or time.monotonic() > deadline or not airflow.runs(FIRST, state="success"):
            return under_way
        time.sleep(POLL_SECONDS)


def _start_of_pass_under_way(airflow: AirflowClient) -> str | None:
    """Return when the pass began of which any workflow runs or is queued; `None` when there is none."""
    if not list_under_way(airflow):
        return None
    begun = airflow.runs(FIRST)
    return str(begun[0]["run_after"]) if begun else None


def _follow(airflow: AirflowClient, dag_id: str, since: str, step: Step, task_logs: Path) -> dict[str, Any]:
    """Wait for the run of a workflow that belongs to this pass to end."""
    started = last_sign = time.monotonic()
    while time.monotonic() - started < LIMIT_SECONDS:
        runs = airflow.runs(dag_id, since=since)
        ended = [
            run for run in runs if run["state"] == "failed" or (run["state"] == "success" and _counts(airflow, run))
        ]
        at_work = [run for run in runs if run["state"] not in FINISHED]
        if ended and not at_work:
            return ended[0]
        if at_work:
            last_sign = time.monotonic()
        elif time.monotonic() - last_sign > APPEAR_SECONDS:
            raise PassError(f"Airflow did not start {dag_id} within {APPEAR_SECONDS} s; its page in the UI tells more.")
        step.note = f"{dag_id}: {_progress(airflow, at_work[0], task_logs) if at_work else 'waiting for its data'}"
        time.sleep(POLL_SECONDS)
    raise PassError(f"{dag_id} was not done after {LIMIT_SECONDS // 60} minutes; its page in the UI tells more.")


def _counts(airflow: AirflowClient, run: dict[str, Any]) -> bool:
    """A `score_users` that skipped for want of a champion is not the one that this pass waits for."""
    return run["dag_id"] != "score_users" or _has_scored(airflow, run)


def _has_scored(airflow: AirflowClient, run: dict[str, Any]) -> bool:
    tasks = airflow.tasks(run["dag_id"], run["dag_run_id"])
    return any(task["task_id"] == "score" and task["state"] == "success" for task in tasks)


def _progress(airflow: AirflowClient, run: dict[str, Any], task_logs: Path) -> str:
    """Say which task is at work, and what its step says: how many epochs are trained, how many users scored."""
    for task in airflow.tasks(run["dag_id"], run["dag_run_id"]):
        if task["state"] not in {None, "success", "skipped"}:
            said = LOG_PREFIX.sub("", _last_events(_log_of(run, task, task_logs), 1).strip())
            return f"{task['task_id']} {said[:SAID_LENGTH] or task['state']}"
    return str(run["state"])


def _log_of(run: dict[str, Any], task: dict[str, Any], task_logs: Path) -> Path:
    folder = task_logs / f"dag_id={run['dag_id']}" / f"run_id={run['dag_run_id']}" / f"task_id={task['task_id']}"
    return folder / f"attempt={task['try_number']}.log"


def _explain(airflow: AirflowClient, run: dict[str, Any], task_logs: Path) -> str:
    """Compose the message of a failed run: which task, where its log is, how it ends."""
    tasks = airflow.tasks(run["dag_id"], run["dag_run_id"])
    failed = [task for task in tasks if task["state"] == "failed"]
    if not failed:
        return f"{run['dag_id']} failed before any task ran; see its page in the UI."
    task = failed[0]
    log = _log_of(run, task, task_logs)
    return f"{run['dag_id']} failed in its task {task['task_id']}. The log {log} ends with:\n{_last_events(log)}"


def _last_events(log: Path, count: int = LOG_LINES) -> str:
    """Return the last events of a task's log, which is JSON lines, as plain text, without the marks of its groups."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    events = [event for line in lines if not (event := _event(line)).startswith(GROUP_MARKS)]
    return "\n".join(f"    {event}" for event in events[-count:])


def _event(line: str) -> str:
    try:
        record = json.loads(line)
    except ValueError:
        return line
    return str(record.get("event", line)) if isinstance(record, dict) else line
