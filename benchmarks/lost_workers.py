"""Benchmark of lost workers: `python -m benchmarks.lost_workers [--users 3000]`, as root on Linux.

The workflow rebuild_features with the users shared among four tasks, on two of Celery's workers of one place each, over
an object store (SeaweedFS). While both write their shares one fault happens: a worker is killed with its process group,
the store stands still, a worker loses its network. Each run must end well, with the snapshot that one process makes
without Airflow. Queue and history are reached through sockets of the file system: what a lost network takes is the
store and Airflow's API.

Each file of a bucket takes a second longer to write than it would, so that there is a middle in which to break things.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from benchmarks.parts.celery_installation import CeleryInstallation, celery_running, list_workers_of_one_place
from benchmarks.parts.faults import break_down
from benchmarks.parts.figures import Figure, report, skip
from benchmarks.parts.network_namespace import HOST, NetworkNamespace, is_possible, network_namespace
from benchmarks.parts.synthetic_store import write_synthetic_store
from command import Command, Result
from deploy.development.seaweedfs import SEAWEEDFS
from deploy.local.part import Part
from deploy.local.up import ROOT
from features.rebuild import rebuild
from features.snapshot.tables import Snapshot
from features.store import MLStore
from settings import Settings
from shop.loaders.synthetic.build import SyntheticShape
from tests.support.object_store import Fault, ObjectStore, object_store_running
from tests.support.ports import free_settings

DAG, AS_OF = "rebuild_features", datetime(2026, 2, 1, tzinfo=UTC)
NUM_PRODUCTS, ORDERS_A_USER = 1000, 20
BUCKETS, SHARES = 8, 4
STORE_SECONDS, NETWORK_SECONDS = 30, 60
SLOWED = Fault(methods="PUT|POST", path="snapshot_.*bucket(=|%3D)", seconds=1.0)
"""What writes a bucket's rows; the plan and the last step write elsewhere."""


def measure(folder: Path, num_users: int, network: NetworkNamespace) -> list[Figure]:
    """Rebuild four instants, three of them with a fault, print the table, and return what each took."""
    figures = []
    with ExitStack() as running:
        objects = running.enter_context(object_store_running(folder, "seaweedfs"))
        settings = _choose_settings(folder, objects)
        alone, shared = MLStore(str(folder / "alone")), MLStore.of(settings)
        for store in (alone, shared):
            write_synthetic_store(store, SyntheticShape(num_users, NUM_PRODUCTS, num_users * ORDERS_A_USER))
        (folder / "dags").mkdir()
        shutil.copy(ROOT / "dags" / f"{DAG}.py", folder / "dags")
        workers = _list_workers(settings, network)
        installation = running.enter_context(celery_running(settings, folder / "dags", workers))
        for pool, slots in (("heavy", 1), ("shares", SHARES)):
            installation.airflow.ensure_pool(pool, slots, "")
        installation.start_workers(len(workers))
        faults: dict[str, Callable[[], None]] = {
            "none": lambda: None,
            "a worker killed": lambda: os.killpg(installation.find_pid(workers[0]), signal.SIGKILL),
            f"the store stopped for {STORE_SECONDS} s": lambda: _keep(
                break_down([objects.pid], "stopped"), STORE_SECONDS
            ),
            f"a worker cut off for {NETWORK_SECONDS} s": lambda: _keep(network.cut_off(), NETWORK_SECONDS),
        }
        print(f"{'fault':<32}{'seconds':>9}{'tasks':>7}{'tries':>7}  snapshot")
        for number, (name, harm) in enumerate(faults.items()):
            as_of = AS_OF - timedelta(days=number)
            seconds, tries = _rebuild_with(installation, objects, as_of, harm)
            rebuild(alone, as_of, BUCKETS)
            found, expected = (Snapshot.open(store, as_of, bucket=0).snapshot_id for store in (shared, alone))
            print(f"{name:<32}{seconds:>9.1f}{len(tries):>7}{sum(tries):>7}  {found[:16]}", flush=True)
            if found != expected:
                raise RuntimeError(f"{name}: the snapshot is {found}, one process makes {expected}")
            figures.append(Figure(f"rebuild, fault: {name}", seconds, "lower", "s"))
    return figures


def _choose_settings(folder: Path, objects: ObjectStore) -> Settings:
    account = objects.environment()
    return free_settings(folder / "var").model_copy(
        update={
            "executor": "celery",
            "workers": 2,
            "feature_tasks": SHARES,
            "ml_store_uri": "s3://shop/store",
            "aws_endpoint_url": account["AWS_ENDPOINT_URL"],
            "aws_region": account["AWS_REGION"],
            "aws_access_key_id": account["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": SecretStr(account["AWS_SECRET_ACCESS_KEY"]),
        }
    )


def _list_workers(settings: Settings, network: NetworkNamespace) -> list[Part]:
    """List both workers, the first in a network of its own."""
    steps = {
        "VAR_DIR": str(settings.var_dir),
        "NUM_BUCKETS": str(BUCKETS),
        "ML_STORE_URI": settings.ml_store_uri,
        "AWS_ENDPOINT_URL": settings.aws_endpoint_url,
        "AWS_REGION": settings.aws_region,
        "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": settings.aws_secret_access_key.get_secret_value(),
    }
    there = {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{settings.airflow_port}/execution/",
        "AWS_ENDPOINT_URL": f"http://{HOST}:{urlsplit(settings.aws_endpoint_url).port}",
    }
    first, second = (
        replace(worker, environment={**worker.environment, **steps}) for worker in list_workers_of_one_place(settings)
    )
    moved = replace(first, command=network.wrap(first.command), environment={**first.environment, **there})
    return [moved, second]


def _rebuild_with(
    installation: CeleryInstallation, objects: ObjectStore, as_of: datetime, harm: Callable[[], None]
) -> tuple[float, list[int]]:
    """Rebuild an instant, and do harm while the first worker writes a share.

    Returns:
        Seconds, and how often each task was tried.
    """
    began = time.monotonic()
    run_id = installation.run(DAG, {"as_of": as_of.isoformat()})
    with objects.failing(SLOWED):
        installation.await_task(DAG, run_id, "write_share", "worker-1")
        objects.await_fault()
        harm()
        tasks = installation.await_end(DAG, run_id)
    return time.monotonic() - began, [task["try_number"] for task in tasks]


def _keep(fault: AbstractContextManager[None], seconds: float) -> None:
    with fault:
        time.sleep(seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.lost_workers", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=3000)
    return command.run(_measure, arguments, (RuntimeError,))


def _measure(chosen: argparse.Namespace) -> Result:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it ends what it started
    if SEAWEEDFS.find() is None:
        return skip("SeaweedFS is not installed: python -m deploy.development.system_tools")
    if not is_possible():
        return skip("a worker gets a network of its own by root alone, with `ip` and `iptables`")
    with tempfile.TemporaryDirectory() as name, network_namespace(f"lost-{os.getpid() % 100_000}") as network:
        return report(measure(Path(name), chosen.users, network))


if __name__ == "__main__":
    sys.exit(main())
