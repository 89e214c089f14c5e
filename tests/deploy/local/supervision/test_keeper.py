"""Parts whose processes are killed one by one, under a real supervisord."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.part import HealthProbe, Part
from deploy.local.start import find_trouble
from deploy.local.supervision.processes import is_alive
from deploy.local.supervision.supervise import Supervisor
from deploy.local.supervision.supervisor_config import KEEPER
from tests.support.ports import free_ports
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[4]
LIMIT_SECONDS = 30.0
MANAGER = (
    "import subprocess, sys, time; serve = [sys.executable, '-m', 'http.server', sys.argv[1], '--bind', '127.0.0.1']; "
    "subprocess.Popen(serve, start_new_session=True, stderr=subprocess.DEVNULL); time.sleep(600)"
)


class Installation:
    """One part that lets a worker of another session serve its port."""

    def __init__(self, var_dir: Path):
        [port] = free_ports(1)
        self.supervisor = Supervisor(var_dir)
        command = (sys.executable, "-c", MANAGER, str(port))
        self.part = Part("web", "web", command, health=HealthProbe(f"http://127.0.0.1:{port}/"), port=port)

    def start(self) -> None:
        self.supervisor.boot([self.part], ROOT, {})
        self.supervisor.start("web")
        wait_for(self.serves, LIMIT_SECONDS)
        wait_for(lambda: self.supervisor.state(KEEPER)["statename"] == "RUNNING", LIMIT_SECONDS)
        time.sleep(2)  # the keeper has looked

    def serves(self) -> bool:
        views = self.supervisor.states()
        return "web" in views and not find_trouble(self.part, views["web"])

    def process(self, name: str) -> psutil.Process:
        return psutil.Process(self.supervisor.state(name)["pid"])

    def tree(self) -> list[psutil.Process]:
        parent = self.process("web")
        return [parent, *parent.children(recursive=True)]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    try:
        installation.start()
        yield installation
    finally:
        installation.supervisor.shut_down()


def test_a_worker_whose_parent_was_killed_gives_the_port_to_the_next(installation: Installation) -> None:
    tree = installation.tree()
    assert len(tree) == 2

    tree[0].kill()

    wait_for(lambda: not any(is_alive(process) for process in tree), LIMIT_SECONDS)
    wait_for(installation.serves, LIMIT_SECONDS)


def test_a_port_that_a_stranger_serves_does_not_make_a_part_healthy(installation: Installation) -> None:
    views = installation.supervisor.states()
    installation.process(KEEPER).suspend()

    installation.tree()[0].kill()

    wait_for(lambda: installation.supervisor.state("web")["pid"] not in {0, views["web"]["pid"]}, LIMIT_SECONDS)
    wait_for(lambda: installation.supervisor.state("web")["statename"] == "RUNNING", LIMIT_SECONDS)
    trouble = find_trouble(installation.part, installation.supervisor.state("web"))
    installation.process(KEEPER).resume()
    assert trouble == f"does not listen on port {installation.part.port}"


def test_a_killed_supervisord_comes_back_with_what_it_ran(installation: Installation) -> None:
    tree, daemon = installation.tree(), psutil.Process(installation.process("web").ppid())

    daemon.kill()

    wait_for(lambda: not any(is_alive(process) for process in [daemon, *tree]), LIMIT_SECONDS)
    wait_for(installation.serves, LIMIT_SECONDS)
    assert installation.process("web").ppid() == installation.process(KEEPER).ppid() != daemon.pid


def test_a_killed_keeper_comes_back(installation: Installation) -> None:
    keeper = installation.process(KEEPER)

    keeper.kill()

    wait_for(lambda: installation.supervisor.state(KEEPER)["pid"] not in {0, keeper.pid}, LIMIT_SECONDS)
    assert installation.serves()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
def test_down_ends_everything_whatever_became_of_supervisord(installation: Installation, number: int) -> None:
    family = [*installation.tree(), installation.process(KEEPER)]
    os.kill(family[0].ppid(), number)

    installation.supervisor.shut_down()

    assert not any(is_alive(process) for process in family)
    assert not installation.supervisor.is_running()
    time.sleep(3)
    assert not installation.supervisor.is_running(), "the keeper brought it back"
