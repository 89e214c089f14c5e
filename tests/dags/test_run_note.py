"""The note of a run: left by a task that ends either way, moved to the run by the listener."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from dags.wiring import command
from dags.wiring.note import LONGEST, NOTE, leave_note


class LeftValues(dict[str, Any]):
    """What a task pushed, by key."""

    def xcom_push(self, key: str, value: Any) -> None:
        self[key] = value


@pytest.fixture
def left() -> LeftValues:
    return LeftValues()


def run_sync(
    dags: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    left: LeftValues,
    report: dict[str, Any],
    code: int,
) -> None:
    """Run the task of sync_shop against a step that ends with this report and exit code."""
    step = f"import sys\nprint({json.dumps(report)!r})\nsys.exit({code})\n"
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "__init__.py").touch()
    (tmp_path / "features" / "sync.py").write_text(step, encoding="utf-8")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    due = SimpleNamespace(run_after=datetime(2026, 1, 2, tzinfo=UTC))
    events = {outlet: SimpleNamespace(extra=None) for outlet in dags["sync_shop"].get_task("sync").outlets}
    context = {"ti": left, "dag_run": due, "params": {}, "triggering_asset_events": {}, "outlet_events": events}
    dags["sync_shop"].get_task("sync").python_callable(**context)


def test_equal_store_is_noted(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: LeftValues
) -> None:
    run_sync(dags, monkeypatch, tmp_path, left, {"state": "synced", "verdict": "equal: 3 rows"}, 0)

    assert left == {NOTE: "equal: 3 rows"}


@pytest.mark.parametrize(
    ("report", "code", "error"),
    [
        ({"state": "mismatch", "verdict": "DIFFERS in orders"}, 2, AirflowFailException),
        ({"state": "failed", "reason": "the shop does not answer"}, 1, RuntimeError),
    ],
    ids=["difference stayed", "no verdict: the reason"],
)
def test_red_run_is_noted_too(
    dags: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    left: LeftValues,
    report: dict[str, Any],
    code: int,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        run_sync(dags, monkeypatch, tmp_path, left, report, code)

    assert list(left.values()) == [report.get("verdict") or report["reason"]]


def test_long_text_is_cut_at_the_limit(left: LeftValues) -> None:
    leave_note({"ti": left}, "x" * (LONGEST + 1))

    assert left[NOTE] == "x" * LONGEST


@pytest.fixture
def session(dags: dict[str, Any]) -> Iterator[Session]:
    """Airflow's own tables, as far as a run and its notes need them."""
    from airflow.models import import_all_models
    from airflow.models.dagrun import DagRun, DagRunNote
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.tasklog import LogTemplate
    from airflow.models.xcom import XComModel

    import_all_models()  # its tables name one another
    engine = create_engine("sqlite://")
    tables = [one.__table__ for one in (DagRun, DagRunNote, LogTemplate, TaskInstance, XComModel)]
    DagRun.metadata.create_all(engine, tables=tables)
    with Session(engine) as session:
        yield session
    engine.dispose()


def ended_run(session: Session, *sentences: str) -> Any:
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel

    run = DagRun(dag_id="sync_shop", run_id="one", run_type="manual", run_after=datetime(2026, 1, 2, tzinfo=UTC))
    session.add(run)
    session.flush()
    for number, sentence in enumerate(sentences):
        task = {"dag_id": "sync_shop", "run_id": "one", "task_id": f"task_{number}", "map_index": -1}
        at = datetime(2026, 1, 2, hour=number, tzinfo=UTC)
        session.add(XComModel(dag_run_id=run.id, key=NOTE, value=sentence, timestamp=at, **task))
    session.flush()
    return run


@pytest.mark.parametrize("ending", ["on_dag_run_success", "on_dag_run_failed"])
def test_listener_moves_the_newest_sentence_to_the_run(session: Session, ending: str) -> None:
    from dags.plugins import run_note

    run = ended_run(session, "first", "equal: 3 rows")

    getattr(run_note, ending)(run)
    session.flush()
    session.expire_all()

    assert run.note == "equal: 3 rows"


def add_task(session: Session, task_id: str, state: str) -> None:
    """Write a task of the run as Airflow has it at the end, as far as the note needs it."""
    from airflow.models.taskinstance import TaskInstance

    required = {column.name: 0 for column in TaskInstance.__table__.columns if not column.nullable}
    names = {"id": uuid4(), "dag_id": "sync_shop", "run_id": "one", "task_id": task_id, "map_index": -1}
    session.execute(insert(TaskInstance.__table__).values(required | names | {"state": state}))


@pytest.mark.parametrize(
    ("failed", "note"),
    [("task_0", "first"), ("task_1", "MLflow is silent"), ("never_begun", "never_begun failed without a word: ")],
    ids=["it said why", "another said more before", "it never began"],
)
def test_a_red_run_says_what_the_failed_task_left_or_that_it_left_nothing(
    session: Session, failed: str, note: str
) -> None:
    from dags.plugins import run_note

    run = ended_run(session, "first", "MLflow is silent")
    add_task(session, failed, "failed")
    add_task(session, "waited", "upstream_failed")

    run_note.on_dag_run_failed(run)

    assert run.note.startswith(note)


def test_run_without_a_sentence_has_no_note(session: Session) -> None:
    from dags.plugins.run_note import move_note

    run = ended_run(session)

    move_note(run)

    assert run.note is None


def test_note_of_a_person_stays(session: Session) -> None:
    from airflow.models.dagrun import DagRunNote

    from dags.plugins.run_note import move_note

    run = ended_run(session, "equal: 3 rows")
    run.dag_run_note = DagRunNote(content="looked at", user_id="admin")

    move_note(run)

    assert run.note == "looked at"
