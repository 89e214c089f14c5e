"""Airflow, as far as parsing the workflows needs it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The parsed workflows by id. Airflow reads its settings when it is imported, so they are set before that."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        environment.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=ROOT / "dags")
        assert bag.import_errors == {}
        yield dict(bag.dags)


@pytest.fixture(scope="session")
def heavy_modules() -> list[str]:
    """What importing all workflow files pulls in beside Airflow, found in an interpreter of its own."""
    code = (
        "import importlib, pathlib, sys\n"
        "import airflow.sdk, airflow.sdk.exceptions\n"
        "before = set(sys.modules)\n"
        "for path in sorted(pathlib.Path('dags').glob('[a-z]*.py')):\n"
        "    importlib.import_module(f'dags.{path.stem}')\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return finished.stdout.splitlines()[-1].split()


@pytest.fixture(scope="session")
def shared_scoring() -> dict[str, Any]:
    """What score_users looks like where three tasks share the users."""
    return parse_shared("score_users", "SCORING_TASKS", "score")


@pytest.fixture(scope="session")
def shared_features() -> dict[str, Any]:
    """What rebuild_features looks like where three tasks share the users."""
    return parse_shared("rebuild_features", "FEATURE_TASKS", "rebuild")


def parse_shared(workflow: str, setting: str, last: str) -> dict[str, Any]:
    """Parse a workflow in an interpreter of its own, in which a setting is 3, and describe its tasks."""
    code = (
        "import json\n"
        f"from dags.{workflow} import {workflow}\n"
        f"dag = {workflow}()\n"
        "mapped = dag.get_task('write_share')\n"
        "print(json.dumps({'shares': mapped.op_kwargs_expand_input.value['share'], 'mapped': mapped.task_id,"
        " 'first': sorted(mapped.upstream_task_ids), 'then': sorted(mapped.downstream_task_ids),"
        f" 'rule': dag.get_task('{last}').trigger_rule.value, 'retries': mapped.retries, 'pool': mapped.pool}}))\n"
    )
    environment = os.environ | {f"AIRFLOW__SHARES__{setting}": "3"}
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    return dict(json.loads(finished.stdout.splitlines()[-1]))
