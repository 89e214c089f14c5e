"""Airflow listener that sets a run's note when it ends, green or red.

A task cannot write the note of its run, so it leaves the sentence as an XCom (`dags/wiring/note.py`); this listener,
called by the scheduler when a run ends, moves it there. Airflow finds this folder by AIRFLOW__CORE__PLUGINS_FOLDER.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from sqlalchemy import select
from sqlalchemy.orm import object_session

from dags.wiring.note import NOTE

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@hookimpl
def on_dag_run_success(dag_run: DagRun) -> None:
    """Note a green run."""
    move_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun) -> None:
    """Note a red run."""
    move_note(dag_run)


def move_note(dag_run: DagRun) -> None:
    """Write the sentence that the run's tasks left, if any. A note that a person wrote stays."""
    from airflow.models.xcom import XComModel  # here: tasks load plugins too, and need no tables

    session = object_session(dag_run)
    by_person = dag_run.dag_run_note is not None and dag_run.dag_run_note.user_id is not None
    if session is None or by_person:
        return
    left = select(XComModel).where(XComModel.dag_run_id == dag_run.id, XComModel.key == NOTE)
    newest = session.scalars(left.order_by(XComModel.timestamp.desc()).limit(1)).first()
    if newest is not None:
        dag_run.note = str(XComModel.deserialize_value(newest))


class RunNotePlugin(AirflowPlugin):  # type: ignore[misc]
    """Registers the listener with Airflow."""

    name = "run_note"
    listeners = (sys.modules[__name__],)
