"""An API with real dependencies that can be killed, stopped and slowed: MariaDB, and a model server's stand-in."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import create_engine

from benchmarks.parts.lists import fill_shop
from tests.support.database_servers import run_server

NUM_USERS = 400
"""All known; every second one lacks a published list and is the model server's."""

STOPPED_SECONDS, RUNNING_SECONDS = 0.4, 0.1
KINDS = ("killed", "stopped", "slowed")


@dataclass(frozen=True)
class Dependencies:
    """What an API depends on: where it is, and the processes that a fault meets."""

    settings: dict[str, str]
    database_pid: int
    model_server_pid: int

    def of(self, name: str) -> list[int]:
        """Return the processes of a dependency, or of both."""
        pids = {"database": [self.database_pid], "model_server": [self.model_server_pid]}
        return pids.get(name) or [pid for each in pids.values() for pid in each]


@contextmanager
def run_dependencies(folder: Path) -> Iterator[Dependencies]:
    """Run both over a shop with published lists."""
    port = find_port()
    with run_server("mariadb") as server:
        url = server.create_database()
        fill_shop(url, NUM_USERS, 500, 4000)
        _forget_every_second_list(url)
        with subprocess.Popen([sys.executable, "-m", "benchmarks.parts.model_server", str(port)]) as model_server:
            settings = {
                "VAR_DIR": str(folder),
                "SHOP_DATABASE_URL": url,
                "PLATFORM_DATABASE_URL": url,
                "SERVING_URL": f"http://127.0.0.1:{port}",
            }
            try:
                yield Dependencies(settings, server.pid, model_server.pid)
            finally:
                model_server.kill()


@contextmanager
def break_down(pids: list[int], kind: str) -> Iterator[None]:
    """Let a fault last for the block. What was killed stays dead."""
    healed = Event()
    slowing = Thread(target=_stop_and_go, args=(pids, healed))
    for pid in pids:
        if kind != "slowed":
            os.kill(pid, signal.SIGKILL if kind == "killed" else signal.SIGSTOP)
    if kind == "slowed":
        slowing.start()
    try:
        yield
    finally:
        healed.set()
        if kind == "slowed":
            slowing.join()
        for pid in pids if kind == "stopped" else []:
            os.kill(pid, signal.SIGCONT)


def find_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop_and_go(pids: list[int], healed: Event) -> None:
    while not healed.is_set():
        for number, pause in ((signal.SIGSTOP, STOPPED_SECONDS), (signal.SIGCONT, RUNNING_SECONDS)):
            for pid in pids:
                os.kill(pid, number)
            time.sleep(pause)


def _forget_every_second_list(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM recommendations WHERE MOD(user_id, 2) = 0")
    engine.dispose()
