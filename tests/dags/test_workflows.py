import ast
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.first_run import CHAIN

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("dags/[a-z]*.py"))
HEAVY = {"torch", "mlflow", "bentoml", "polars", "pandas", "numpy", "sqlalchemy", "deltalake", "onnxruntime", "sklearn"}
OURS = {"features", "training", "serving", "shop", "api", "settings"}


def produced(dag: Any) -> set[str]:
    return {asset.name for task in dag.tasks for asset in task.outlets}


def consumed(dag: Any) -> set[str]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return {asset.name for asset in condition.objects} if condition else set()


def test_one_workflow_a_file_named_alike(dags: dict[str, Any]) -> None:
    assert sorted(dags) == [path.stem for path in FILES if path.stem != "__init__"]


@pytest.mark.parametrize(
    ("upstream", "asset", "downstream"),
    [
        ("sync_shop", "shop_rows", "rebuild_features"),
        ("rebuild_features", "feature_snapshot", "train_wide_deep"),
        ("rebuild_features", "feature_snapshot", "score_users"),
        ("watch_champion", "champion", "score_users"),
    ],
)
def test_workflows_are_chained_by_assets(dags: dict[str, Any], upstream: str, asset: str, downstream: str) -> None:
    assert asset in produced(dags[upstream])
    assert asset in consumed(dags[downstream])


def test_first_pass_follows_workflows_that_exist(dags: dict[str, Any]) -> None:
    assert set(CHAIN) <= set(dags)


def test_restart_after_days_runs_no_missed_day_twice(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.catchup is False
        assert dag.start_date is None, "a start date would make Airflow run the last missed tick at the first start"


def test_runs_of_a_workflow_do_not_overlap(dags: dict[str, Any]) -> None:
    pools = json.loads((ROOT / "dags" / "pools.json").read_text(encoding="utf-8"))

    for dag in dags.values():
        slots = {pools[task.pool]["slots"] for task in dag.tasks if task.pool in pools}
        assert dag.max_active_runs == 1 or slots == {1}, dag


def test_shares_are_written_on_as_many_workers_before_they_are_published(shared_scoring: dict[str, Any]) -> None:
    assert shared_scoring == {
        "shares": ["1/3", "2/3", "3/3"],
        "mapped": "write_share",
        "first": [],
        "then": ["score"],
        "rule": "all_done",
        "retries": 1,
        "pool": "shares",
    }


def test_features_of_shares_are_written_after_the_plan_and_before_the_last_step(
    dags: dict[str, Any], shared_features: dict[str, Any]
) -> None:
    assert shared_features == {
        "shares": ["1/3", "2/3", "3/3"],
        "mapped": "write_share",
        "first": ["plan"],
        "then": ["rebuild"],
        "rule": "all_done",
        "retries": 1,
        "pool": "shares",
    }
    assert [task.task_id for task in dags["rebuild_features"].tasks] == ["rebuild"], "one step where nobody shares"


@pytest.mark.parametrize("section", ["**Starts**", "**Writes**", "**Safe to run again**", "**When it fails**"])
def test_every_workflow_shows_its_run_book(dags: dict[str, Any], section: str) -> None:
    for dag_id, dag in dags.items():
        assert section in dag.doc_md, f"{dag_id} lacks {section}"


def test_every_run_may_be_given_its_instant(dags: dict[str, Any]) -> None:
    assert all("as_of" in dag.params for dag in dags.values())


def test_every_task_retries_and_its_pool_exists(dags: dict[str, Any]) -> None:
    pools = {"default_pool", *json.loads((ROOT / "dags" / "pools.json").read_text(encoding="utf-8"))}

    for dag in dags.values():
        for task in dag.tasks:
            assert task.retries >= 1, task
            assert task.pool in pools, task


def test_scoring_waits_neither_for_a_training_nor_long_for_a_try(dags: dict[str, Any]) -> None:
    [score] = dags["score_users"].tasks
    heavy = {task.pool for name in ("rebuild_features", "train_wide_deep") for task in dags[name].tasks}

    assert score.pool not in heavy
    assert dags["score_users"].max_active_runs > 1
    assert score.retry_delay <= timedelta(seconds=10)
    assert not score.retry_exponential_backoff


def test_every_workflow_leaves_a_note() -> None:
    for path in FILES:
        if path.stem not in {"__init__", "watch_champion"}:  # its waiting steps leave one, see test_waiting.py
            source = path.read_text(encoding="utf-8")
            assert "run_noted(" in source or "leave_note(" in source, path


def test_parsing_imports_nothing_heavy(heavy_modules: list[str]) -> None:
    assert not HEAVY & set(heavy_modules)
    assert not OURS & set(heavy_modules)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_workflow_files_are_short_and_hold_no_sql(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]

    assert len(source.splitlines()) <= 60
    assert not [text for text in strings if isinstance(text, str) and text.lstrip().upper().startswith("SELECT ")]
