"""The schemas of MLflow and Airflow, made by their own migrations with production's rights, on each real server."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from deploy.compose.migration import TOOLS, HalfMigrationError, MigrationError, migrate, start_over
from deploy.development.production_packages import find_python
from tests.support.database_servers import DatabaseServer

ROOT = Path(__file__).parents[3]
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


def run(command: tuple[str, ...], **environment: str) -> None:
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-3000:]


def test_mlflow_migrates_with_its_triggers_and_keeps_a_run(any_server_url: str, tmp_path: Path) -> None:
    from mlflow.entities import Metric
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    run(TOOLS["mlflow"].migrate, MLFLOW_BACKEND_URI=any_server_url)

    store = SqlAlchemyStore(any_server_url, str(tmp_path))  # refuses a schema that is not the newest
    kept = store.create_run(store.create_experiment("Größe 🧀"), "user", 0, [], "run")
    store.log_metric(kept.info.run_id, Metric("ndcg", 0.25, 0, 0))
    assert store.get_run(kept.info.run_id).data.metrics == {"ndcg": 0.25}
    engine = create_engine(any_server_url)
    with engine.connect() as connection:
        triggers = text("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()")
        assert connection.scalar(triggers)
    engine.dispose()


def test_mlflow_killed_in_its_first_migration_is_refused_then_starts_over(any_server_url: str) -> None:
    """MLflow's own migration, killed once it has made some tables, and what an operator is then told to do."""
    engine = create_engine(any_server_url)
    environment = {**os.environ, "MLFLOW_BACKEND_URI": any_server_url}

    def run_and_kill(command: tuple[str, ...]) -> bool:
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            while len(inspect(engine).get_table_names()) < 8 and process.poll() is None:
                time.sleep(0.02)
            process.kill()
        return process.returncode == 0

    def run_whole(command: tuple[str, ...]) -> bool:
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0

    with pytest.raises(MigrationError):
        migrate(engine, TOOLS["mlflow"], run_and_kill)
    with pytest.raises(HalfMigrationError, match="--start-over"):
        migrate(engine, TOOLS["mlflow"], run_whole)
    start_over(engine)

    assert "the newest" in migrate(engine, TOOLS["mlflow"], run_whole)
    assert run_whole(TOOLS["mlflow"].check)
    engine.dispose()


# What the scheduler notes when a task is lost: enums, which mysqlclient would write by their names.
NOTE_CALLBACK = """
from airflow.models.callback import CallbackFetchMethod, CallbackType
from airflow.settings import engine
from sqlalchemy import text
with engine.begin() as connection:
    kinds = {"type": CallbackType.DAG_PROCESSOR, "method": CallbackFetchMethod.DAG_ATTRIBUTE}
    connection.execute(text("CREATE TEMPORARY TABLE notes (type VARCHAR(20), method VARCHAR(20))"))
    connection.execute(text("INSERT INTO notes VALUES (:type, :method)"), kinds)
    connection.execute(text("INSERT INTO notes VALUES (:type, :method)"), [kinds, kinds])
    rows = {tuple(row) for row in connection.execute(text("SELECT * FROM notes"))}
assert rows == {("dag_processor", "dag_attribute")}, rows
"""


@pytest.mark.timeout(900)
def test_airflow_migrates_with_its_logins(any_server: DatabaseServer, tmp_path: Path) -> None:
    python = find_python()
    assert python is not None, "this test needs production's packages: run `python -m deploy.development.system_tools`"
    program, *arguments = TOOLS["airflow"].migrate
    url = any_server.create_database("mysql+mysqldb")

    as_in_containers = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "airflow_local_settings.connect_args",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
    }

    run((str(python), "-m", program, *arguments), **as_in_containers)

    run((str(python), "-c", NOTE_CALLBACK), **as_in_containers)
    engine = create_engine(url.replace("mysqldb", "pymysql"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM alembic_version")) == 1
        assert connection.scalar(text("SELECT pool FROM slot_pool")) == "default_pool"
        assert {"dag_run", "ab_user", "alembic_version_fab"} <= set(inspect(connection).get_table_names())
    engine.dispose()
    any_server.drop_database(url)
