"""The parts of `make up EXECUTOR=celery`, and its two servers, started for real."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from deploy.airflow_settings import airflow_environment, count_slots, redis_socket
from deploy.local.celery_parts import MYSQL, REDIS, list_servers, list_workers
from deploy.local.part import Part
from deploy.local.services import all_parts, services
from deploy.local.start import is_healthy
from deploy.shop_choice import read_shop
from settings import Settings

ROOT = Path(__file__).parents[3]


def celery_settings(var_dir: Path, **chosen: int) -> Settings:
    return Settings(var_dir=var_dir, executor="celery", **chosen)  # type: ignore[arg-type]


@contextmanager
def running(part: Part) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(part.command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def become_healthy(part: Part, seconds: float = 60) -> None:
    assert part.health is not None
    deadline = time.monotonic() + seconds
    while not is_healthy(part.health):
        assert time.monotonic() < deadline, f"{part.name} is not healthy after {seconds:.0f} s"
        time.sleep(0.2)


def test_celery_adds_servers_and_so_many_workers(tmp_path: Path) -> None:
    usual = {part.name for part in services(Settings(var_dir=tmp_path))}

    names = {part.name for part in services(celery_settings(tmp_path, workers=3))}

    assert names - usual == {"mysql", "redis", "airflow-worker-1", "airflow-worker-2", "airflow-worker-3"}
    assert usual < names


def test_airflow_waits_for_its_servers_and_the_migration_for_the_database(tmp_path: Path) -> None:
    parts = {part.name: part for part in all_parts(celery_settings(tmp_path), shop=read_shop("demo"))}

    assert parts["airflow-migrate"].needs == (MYSQL,)
    assert {MYSQL, REDIS} <= set(parts["airflow-scheduler"].needs)
    assert {need for part in parts.values() for need in part.needs} <= set(parts)


@pytest.mark.parametrize(("chosen", "tasks"), [(0, "3"), (1, "1"), (5, "5")])
def test_users_are_shared_among_the_workers_unless_said_otherwise(tmp_path: Path, chosen: int, tasks: str) -> None:
    settings = celery_settings(tmp_path, workers=3, scoring_tasks=chosen, feature_tasks=chosen)

    environment = airflow_environment(settings)

    assert environment["AIRFLOW__SHARES__SCORING_TASKS"] == environment["AIRFLOW__SHARES__FEATURE_TASKS"] == tasks


def test_one_machine_shares_nothing_out(tmp_path: Path) -> None:
    assert airflow_environment(Settings(var_dir=tmp_path, workers=3))["AIRFLOW__SHARES__SCORING_TASKS"] == "1"


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_task_waits_in_the_queue(tmp_path: Path, workers: int) -> None:
    """A message carries a token that expires, and Redis forgets to whom it gave one: what waits, waits in Airflow."""
    settings = celery_settings(tmp_path, workers=workers)

    environment = airflow_environment(settings)

    assert int(environment["AIRFLOW__CORE__PARALLELISM"]) == workers * count_slots(settings) >= 4
    assert {part.command[part.command.index("--concurrency") + 1] for part in list_workers(settings)} == {
        str(count_slots(settings))
    }


def test_a_worker_opens_no_log_server_and_tells_its_name(tmp_path: Path) -> None:
    first, second = list_workers(celery_settings(tmp_path))

    assert "--skip-serve-logs" in first.command
    assert [first.environment["AIRFLOW__WORKER__NAME"], second.environment["AIRFLOW__WORKER__NAME"]] == [
        "worker-1",
        "worker-2",
    ]


def test_servers_listen_on_sockets_alone_and_a_killed_queue_keeps_what_it_holds(tmp_path: Path) -> None:
    settings = celery_settings(tmp_path)
    redis_socket(settings).parent.mkdir(mode=0o700)
    database, queue = list_servers(settings)
    assert not is_healthy(database.health)  # type: ignore[arg-type]
    assert not is_healthy(queue.health)  # type: ignore[arg-type]

    with running(database) as mysql, running(queue) as server:
        become_healthy(database)
        become_healthy(queue)
        assert not [c for process in (mysql, server) for c in psutil.Process(process.pid).net_connections("inet")]
        with redis.Redis(unix_socket_path=str(redis_socket(settings))) as client:
            client.lpush("default", "a task")
        time.sleep(1.1)  # it is written down each second
        server.kill()
        server.wait()
        with running(queue):
            become_healthy(queue)
            with redis.Redis(unix_socket_path=str(redis_socket(settings))) as client:
                assert client.lrange("default", 0, -1) == [b"a task"]


def test_a_worker_that_nobody_started_does_not_answer(tmp_path: Path) -> None:
    [worker, _] = list_workers(celery_settings(tmp_path))

    assert worker.health is not None
    assert not is_healthy(worker.health)


def test_a_worker_is_named_after_its_setting(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from airflow.utils.net import get_hostname; print(get_hostname())"],
        env={**list_workers(celery_settings(tmp_path))[1].environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert said.stdout.splitlines()[-1] == "worker-2"


ASKED_AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from deploy.local.celery_parts import list_workers
from deploy.local.start import is_healthy
from settings import Settings

workers = list_workers(Settings(var_dir=Path(sys.argv[1]), executor="celery", workers=8))
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda worker: is_healthy(worker.health), workers)))
"""


def test_workers_are_asked_by_several_threads_from_the_first_moment(tmp_path: Path) -> None:
    """Celery's package, imported by two threads at once, lacks its names in one of them."""
    said = subprocess.run(
        [sys.executable, "-c", ASKED_AT_ONCE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )

    assert said.stdout.split() == ["0"], said.stderr
