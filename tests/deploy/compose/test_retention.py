import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from deploy.airflow_settings import airflow_environment
from deploy.compose.retention import HIDDEN_FROM_TASKS, clean_logs
from settings import Settings

NOW = datetime.now(UTC)


def write(path: Path, days_old: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("12345", encoding="utf-8")
    stamp = (NOW - timedelta(days=days_old)).timestamp()
    for one in (path, *path.parents[:2]):
        os.utime(one, (stamp, stamp))
    return path


def test_old_logs_go_with_their_empty_folders_and_new_ones_stay(tmp_path: Path) -> None:
    old = write(tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", 31)
    new = write(tmp_path / "dag_id=b" / "run_id=2" / "attempt=1.log", 29)

    assert clean_logs(tmp_path, NOW - timedelta(days=30)) == (1, 5)

    assert not old.parent.exists()
    assert new.exists()


def test_a_new_log_in_a_folder_of_old_ones_keeps_the_folder(tmp_path: Path) -> None:
    old = write(tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", 40)
    new = write(tmp_path / "dag_id=a" / "run_id=1" / "attempt=2.log", 1)

    clean_logs(tmp_path, NOW - timedelta(days=30))

    assert (old.exists(), new.exists()) == (False, True)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A migrated Airflow on SQLite, in the environment that Airflow gives to its tasks."""
    var_dir = tmp_path_factory.mktemp("var")
    own = airflow_environment(Settings(_env_file=None, var_dir=var_dir))
    environment = {**os.environ, **own, "VAR_DIR": str(var_dir)}
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    return {**environment, "DATABASE": own[HIDDEN_FROM_TASKS], HIDDEN_FROM_TASKS: "airflow-db-not-allowed:///"}


def test_rows_past_their_time_go_and_newer_ones_stay(airflow: dict[str, str]) -> None:
    engine = create_engine(airflow["DATABASE"])
    with engine.begin() as connection:
        for days in (91, 89):
            moment = {"dttm": NOW - timedelta(days=days), "event": f"{days} days old"}
            connection.execute(text("INSERT INTO log (dttm, event) VALUES (:dttm, :event)"), moment)
    write(Path(airflow["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]) / "dag_id=a" / "run_id=1" / "attempt=1.log", 31)

    command = [sys.executable, "-m", "deploy.compose.retention", "--json"]
    ended = subprocess.run(command, env=airflow, capture_output=True, text=True, check=False, timeout=300)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"rows_before_days": 90, "log_files": 1, "log_bytes": 5}
    with engine.connect() as connection:
        left = set(connection.scalars(text("SELECT event FROM log WHERE event LIKE '%days old'")))
    engine.dispose()
    assert left == {"89 days old"}


def test_a_database_that_is_away_ends_it_with_one_line(airflow: dict[str, str]) -> None:
    started = time.monotonic()
    nowhere = {**airflow, "VAR_DIR": "/dev/null/nowhere"}

    command = [sys.executable, "-m", "deploy.compose.retention"]
    ended = subprocess.run(command, env=nowhere, capture_output=True, text=True, check=False, timeout=300)

    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1].startswith("deploy.compose.retention: ")
    assert time.monotonic() - started < 120
