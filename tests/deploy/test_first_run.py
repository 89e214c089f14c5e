import json
from pathlib import Path
from typing import Any

import pytest

from deploy import first_run
from deploy.airflow_client import AirflowClient
from deploy.first_run import CHAIN, PassError, follow_first_pass, has_passed
from deploy.progress import Board


class ScriptedAirflow(AirflowClient):
    """An Airflow whose runs are known beforehand: HTTP is the border that these tests stand in for."""

    def __init__(self, runs: dict[str, list[dict[str, Any]]], tasks: dict[str, list[dict[str, Any]]] | None = None):
        self._runs, self._tasks = runs, tasks or {}
        self.triggered: list[str] = []

    def runs(self, dag_id: str, *, since: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
        return [run for run in self._runs.get(dag_id, []) if state in {None, run["state"]}]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return self._tasks.get(run_id, [])

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        self.triggered.append(dag_id)
        return "run"


def run(dag_id: str, state: str = "success", run_id: str = "run") -> dict[str, Any]:
    return {"dag_id": dag_id, "state": state, "dag_run_id": run_id, "run_after": "2026-11-22T00:00:00+00:00"}


SCORED = {"run": [{"task_id": "score", "state": "success", "try_number": 1}]}
SKIPPED = {"run": [{"task_id": "score", "state": "skipped", "try_number": 1}]}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(first_run, "APPEAR_SECONDS", 0.1)
    monkeypatch.setattr(first_run, "HANDOVER_SECONDS", 0.0)


def test_published_lists_count_as_a_pass() -> None:
    assert has_passed(ScriptedAirflow({"score_users": [run("score_users")]}, SCORED))


@pytest.mark.parametrize(
    "airflow",
    [ScriptedAirflow({}), ScriptedAirflow({"score_users": [run("score_users")]}, SKIPPED)],
    ids=["never ran", "ran without a champion"],
)
def test_nothing_published_is_no_pass(airflow: ScriptedAirflow) -> None:
    assert not has_passed(airflow)


def test_pass_starts_the_chain_once_and_follows_it(tmp_path: Path) -> None:
    airflow = ScriptedAirflow({dag_id: [run(dag_id)] for dag_id in CHAIN}, SCORED)

    follow_first_pass(airflow, Board(), tmp_path)

    assert airflow.triggered == ["sync_shop"]


def test_a_run_at_work_shows_what_its_step_says(tmp_path: Path) -> None:
    folder = tmp_path / "dag_id=train_wide_deep" / "run_id=run" / "task_id=train"
    folder.mkdir(parents=True)
    said = ["model of the ensemble begun", "2026-11-28 09:00:00,000 INFO training.run epoch=3 loss=0.71"]
    text = "".join(json.dumps({"event": line}) + "\n" for line in said)
    (folder / "attempt=1.log").write_text(text, encoding="utf-8")
    airflow = ScriptedAirflow({}, {"run": [{"task_id": "train", "state": "running", "try_number": 1}]})

    shown = first_run._progress(airflow, run("train_wide_deep", "running"), tmp_path)

    assert shown == "train epoch=3 loss=0.71"


@pytest.mark.parametrize("dag_id", ["sync_shop", "train_wide_deep"])
def test_pass_that_is_under_way_is_joined(tmp_path: Path, dag_id: str) -> None:
    class Training(ScriptedAirflow):
        """Its workflow ends once somebody looks at it a second time."""

        def runs(self, asked: str, *, since: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
            found = super().runs(asked, since=since, state=state)
            if asked == dag_id and found and state == "running":
                self._runs[dag_id] = [run(dag_id)]
            return found

    airflow = Training({each: [run(each, "running" if each == dag_id else "success")] for each in CHAIN}, SCORED)

    follow_first_pass(airflow, Board(), tmp_path)

    assert airflow.triggered == []


def test_workflow_that_never_starts_is_named(tmp_path: Path) -> None:
    airflow = ScriptedAirflow({"sync_shop": [run("sync_shop")]})

    with pytest.raises(PassError, match="rebuild_features"):
        follow_first_pass(airflow, Board(), tmp_path)


def test_scoring_without_a_champion_does_not_end_the_pass(tmp_path: Path) -> None:
    airflow = ScriptedAirflow({dag_id: [run(dag_id)] for dag_id in CHAIN}, SKIPPED)

    with pytest.raises(PassError, match="score_users"):
        follow_first_pass(airflow, Board(), tmp_path)


def test_failed_run_shows_where_its_log_is_and_how_it_ends(tmp_path: Path) -> None:
    tasks = {"run": [{"task_id": "sync", "state": "failed", "try_number": 3}]}
    airflow = ScriptedAirflow({"sync_shop": [run("sync_shop", "failed")]}, tasks)
    log = tmp_path / "dag_id=sync_shop" / "run_id=run" / "task_id=sync" / "attempt=3.log"
    log.parent.mkdir(parents=True)
    events = ("::group::Post Execute", "the shop does not answer", "::endgroup::")
    log.write_text("".join(json.dumps({"event": event}) + "\n" for event in events), encoding="utf-8")

    with pytest.raises(
        PassError, match=r"task sync. The log .*attempt=3.log ends with:\n    the shop does not answer$"
    ):
        follow_first_pass(airflow, Board(), tmp_path)
