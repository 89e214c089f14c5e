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
    """What score_users looks like where three tasks share the users, parsed in an interpreter of its own."""
    code = (
        "import json\n"
        "from dags.score_users import score_users\n"
        "dag = score_users()\n"
        "mapped = dag.get_task('write_share')\n"
        "print(json.dumps({'shares': mapped.op_kwargs_expand_input.value['share'], 'mapped': mapped.task_id,"
        " 'then': sorted(mapped.downstream_task_ids), 'rule': dag.get_task('score').trigger_rule.value,"
        " 'retries': mapped.retries, 'pool': mapped.pool}))\n"
    )
    environment = os.environ | {"AIRFLOW__SHARES__SCORING_TASKS": "3"}
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    return dict(json.loads(finished.stdout.splitlines()[-1]))
