"""Airflow listener that sets a run's note when it ends, green or red.

A task cannot write the note of its run, so it leaves the sentence as an XCom (`dags/wiring/note.py`); this listener,
called by the scheduler when a run ends, moves it there. Of a task that failed and left none, it says that. Airflow
finds this folder by AIRFLOW__CORE__PLUGINS_FOLDER.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select
from sqlalchemy.orm import object_session

from dags.wiring.note import NOTE

UNTOLD = "{tasks} failed without a word: killed, or never begun; see its log, and the scheduler's in VAR_DIR/logs"

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@hookimpl
def on_dag_run_success(dag_run: DagRun) -> None:
    """Note a green run."""
    move_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun) -> None:
    """Note a red run."""
    move_note(dag_run, list_failed(dag_run))


def list_failed(dag_run: DagRun) -> list[str]:
    """Name the tasks that made a run red by themselves, not by waiting for another."""
    from airflow.models.taskinstance import TaskInstance

    session = object_session(dag_run)
    if session is None:
        return []
    of_run = select(TaskInstance.task_id).where(
        TaskInstance.dag_id == dag_run.dag_id, TaskInstance.run_id == dag_run.run_id
    )
    return sorted(set(session.scalars(of_run.where(TaskInstance.state == TaskInstanceState.FAILED))))


def move_note(dag_run: DagRun, failed: Sequence[str] = ()) -> None:
    """Write the sentence that the run's tasks left, if any. A note that a person wrote stays.

    Args:
        dag_run: that ended.
        failed: names of its failed tasks; only they say why a run is red, and one that never began says nothing.
    """
    from airflow.models.xcom import XComModel  # here: tasks load plugins too, and need no tables

    session = object_session(dag_run)
    by_person = dag_run.dag_run_note is not None and dag_run.dag_run_note.user_id is not None
    if session is None or by_person:
        return
    left = select(XComModel).where(XComModel.dag_run_id == dag_run.id, XComModel.key == NOTE)
    if failed:
        left = left.where(XComModel.task_id.in_(failed))
    newest = session.scalars(left.order_by(XComModel.timestamp.desc()).limit(1)).first()
    if newest is not None:
        dag_run.note = str(XComModel.deserialize_value(newest))
    elif failed:
        dag_run.note = UNTOLD.format(tasks=" and ".join(failed))


class RunNotePlugin(AirflowPlugin):  # type: ignore[misc]
    """Registers the listener with Airflow."""

    name = "run_note"
    listeners = (sys.modules[__name__],)
