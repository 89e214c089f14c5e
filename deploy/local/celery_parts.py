"""Parts of `make up EXECUTOR=celery`: MySQL with Airflow's history, Redis as the queue, and the workers.

Both servers listen on sockets alone, in a folder of their owner's: no port to choose, no password to keep.
"""

import sys
from functools import partial
from pathlib import Path

from deploy.airflow_settings import airflow_environment, count_slots, mysql_socket, redis_socket, redis_url
from deploy.local.part import Part, SocketProbe
from settings import Settings

MYSQL, REDIS = "mysql", "redis"


def list_servers(settings: Settings) -> list[Part]:
    """List the servers that Airflow needs before anything of it starts."""
    from deploy.local.celery_probes import has_database, has_queue  # who runs without Celery loads no client of it

    database, queue = mysql_socket(settings), redis_socket(settings)
    return [
        Part(
            MYSQL,
            "MySQL (Airflow's history)",
            _server(MYSQL, settings.var_dir / "airflow" / "mysql", database),
            health=SocketProbe(str(database), partial(has_database, database)),
        ),
        Part(
            REDIS,
            "Redis (queue of tasks)",
            _server(REDIS, settings.var_dir / "airflow" / "redis", queue),
            health=SocketProbe(str(queue), partial(has_queue, queue)),
        ),
    ]


def list_workers(settings: Settings) -> list[Part]:
    """List Celery's workers, each a part of its own."""
    return [_worker(settings, f"worker-{number}") for number in range(1, settings.workers + 1)]


def _worker(settings: Settings, name: str) -> Part:
    from deploy.local.celery_probes import answers

    url = redis_url(settings)
    options = ("--celery-hostname", name, "--concurrency", str(count_slots(settings)), "--skip-serve-logs")
    return Part(
        f"airflow-{name}",
        f"Celery {name}",
        (sys.executable, "-m", "airflow", "celery", "worker", *options),
        (REDIS, "airflow-api-server"),
        SocketProbe(f"{name} by way of {url}", partial(answers, url, f"celery@{name}")),
        environment={
            **airflow_environment(settings),
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "dags.wiring.worker_name.read_worker_name",
            "AIRFLOW__WORKER__NAME": name,
        },
    )


def _server(kind: str, folder: Path, socket: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "deploy.local.celery_servers", kind, str(folder), str(socket))
