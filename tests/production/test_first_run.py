from typing import Any

import pytest

from production.first_run import start_first_pass
from tests.embedded.test_first_run import SCORED, SKIPPED, ScriptedAirflow, run


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
    ],
    ids=["published", "running", "queued"],
)
def test_nothing_is_started_twice(runs: dict[str, Any], tasks: dict[str, Any], said: str) -> None:
    airflow = ReadyAirflow(runs, tasks)

    assert said in start_first_pass(airflow)
    assert airflow.triggered == []


def test_a_pass_that_scored_nobody_does_not_count() -> None:
    airflow = ReadyAirflow({"score_users": [run("score_users")]}, SKIPPED)

    start_first_pass(airflow)

    assert airflow.triggered == ["sync_shop"]
