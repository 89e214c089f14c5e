"""How Airflow runs in embedded mode: its settings, its login and the folders it writes."""

import json
import secrets
from pathlib import Path
from urllib.parse import quote

from deploy.sockets import socket_folder
from settings import Settings

USER = "admin"
ROOT = Path(__file__).resolve().parent.parent
TASKS_AT_ONCE = 4
LONGEST_TASK_SECONDS = 86_400
"""What a worker has not finished after so long, Redis gives to another one."""


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Collect the variables that every Airflow process needs, the command line's too."""
    home = settings.var_dir / "airflow"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{settings.airflow_port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(settings)),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",  # of files that did not change themselves
        "AIRFLOW__API__HOST": settings.host,
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{settings.airflow_port}",
        # How long a task's end may go unnoticed. A step that waits and is told at once would else go on before it is
        # known that it waits, which Airflow takes for a failure.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # A task gives up after five calls that were not answered in time: on a busy machine 5 s, the default, ended
        # some before they had begun.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "15",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(task_logs(settings)),
        "AIRFLOW__SHARES__SCORING_TASKS": str(settings.scoring_tasks or settings.num_workers),
        "AIRFLOW__SHARES__FEATURE_TASKS": str(settings.feature_tasks or settings.num_workers),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        **(_celery(settings) if settings.executor == "celery" else _one_machine(home)),
    }


def _one_machine(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW__CORE__EXECUTOR": "dags.wiring.executor.ProcessPerTaskExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(TASKS_AT_ONCE),
        # A busy machine holds SQLite's lock for longer than the 5 s that a writer waits by default.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",  # a killed task is noticed in 2 minutes, not 5
    }


def _celery(settings: Settings) -> dict[str, str]:
    """Workers, as many slots in all as there are tasks at once: what waits for a slot waits in Airflow."""
    slots = count_slots(settings)
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(slots * settings.workers),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"mysql+pymysql://airflow@localhost/airflow"
        f"?unix_socket={quote(str(mysql_socket(settings)))}&charset=utf8mb4",
        "AIRFLOW__CELERY__BROKER_URL": redis_url(settings),
        "AIRFLOW__CELERY__RESULT_BACKEND": redis_url(settings),
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(slots),
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": str(LONGEST_TASK_SECONDS),
        # Of a killed worker nobody hears; its tasks' silence tells.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    }


def count_slots(settings: Settings) -> int:
    """Return how many tasks one of Celery's workers runs at once: two at least, so that a training holds up nothing."""
    return max(2, TASKS_AT_ONCE // settings.workers)


def mysql_socket(settings: Settings) -> Path:
    """Return the socket of the database with Airflow's history, where Celery's workers run tasks."""
    return socket_folder(settings.var_dir) / "mysql.sock"


def redis_socket(settings: Settings) -> Path:
    """Return the socket of the queue between scheduler and workers."""
    return socket_folder(settings.var_dir) / "redis.sock"


def redis_url(settings: Settings) -> str:
    """Return the address of the queue as Celery takes it."""
    return f"redis+socket://{quote(str(redis_socket(settings)))}"


def task_logs(settings: Settings) -> Path:
    """Folder of the logs of tasks: `dag_id=.../run_id=.../task_id=.../attempt=N.log`."""
    return settings.var_dir / "logs" / "tasks"


def passwords_file(settings: Settings) -> Path:
    """File with the logins of Airflow's UI, read by Airflow itself."""
    return settings.var_dir / "airflow" / "passwords.json"


def ensure_password(settings: Settings) -> str:
    """Return the password of Airflow's `admin`, generating it on the first start (32 characters, file mode 0600)."""
    path = passwords_file(settings)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps({USER: secrets.token_urlsafe(24)}), encoding="utf-8")
    return str(json.loads(path.read_text(encoding="utf-8"))[USER])
