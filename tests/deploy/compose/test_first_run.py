import time
from typing import Any

import pytest

from deploy import first_run
from deploy.compose.first_run import start_first_pass
from tests.deploy.test_first_run import SCORED, SKIPPED, ScriptedAirflow, run


class ReadyAirflow(ScriptedAirflow):
    def await_dags(self, names: tuple[str, ...], limit_seconds: float) -> None:
        assert "sync_shop" in names


def test_an_installation_without_lists_gets_its_first_pass() -> None:
    airflow = ReadyAirflow({})

    assert "started sync_shop" in start_first_pass(airflow)
    assert airflow.triggered == ["sync_shop"]


@pytest.mark.parametrize(
    ("runs", "tasks", "said"),
    [
        ({"score_users": [run("score_users")]}, SCORED, "published before"),
        ({"sync_shop": [run("sync_shop", "running")]}, {}, "under way"),
        ({"sync_shop": [run("sync_shop", "queued")]}, {}, "under way"),
        ({"sync_shop": [run("sync_shop")], "train_wide_deep": [run("train_wide_deep", "running")]}, {}, "train_wide"),
    ],
    ids=["published", "running", "queued", "further on"],
)
def test_nothing_is_started_twice(runs: dict[str, Any], tasks: dict[str, Any], said: str) -> None:
    airflow = ReadyAirflow(runs, tasks)

    assert said in start_first_pass(airflow)
    assert airflow.triggered == []


def test_a_pass_that_scored_nobody_does_not_count() -> None:
    airflow = ReadyAirflow({"score_users": [run("score_users")]}, SKIPPED)

    start_first_pass(airflow)

    assert airflow.triggered == ["sync_shop"]


def test_between_two_workflows_the_next_one_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"sync_shop": [run("sync_shop")]}
    airflow = ReadyAirflow(runs)
    monkeypatch.setattr(time, "sleep", lambda _: runs.update(rebuild_features=[run("r", "queued")]))

    assert "rebuild_features" in start_first_pass(airflow)
    assert airflow.triggered == []


def test_a_pass_that_broke_off_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "HANDOVER_SECONDS", 0.0)
    airflow = ReadyAirflow({"sync_shop": [run("sync_shop")], "train_wide_deep": [run("train_wide_deep", "failed")]})

    start_first_pass(airflow)

    assert airflow.triggered == ["sync_shop"]
