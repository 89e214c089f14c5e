import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import start
from deploy.local.part import HealthProbe, Part
from deploy.local.start import PartError, start_parts
from deploy.local.supervision.supervise import Supervisor
from deploy.local.supervision.supervisor_config import socket_path
from deploy.progress import Board
from tests.support.ports import free_ports
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[4]
SLEEPER = "import subprocess, sys, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"

LIMIT_SECONDS = 10.0


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "with a space")
    yield supervisor
    supervisor.shut_down()


def python_part(name: str, code: str, **fields: object) -> Part:
    return Part(name, name, (sys.executable, "-c", code), **fields)  # type: ignore[arg-type]


def start_sleeper(supervisor: Supervisor) -> list[psutil.Process]:
    """Start a service with a child in a session of its own; return both."""
    part = python_part("sleeper", SLEEPER, health=HealthProbe("unused"))
    supervisor.boot([part], ROOT, {})
    supervisor.start("sleeper")
    wait_for(lambda: supervisor.state("sleeper")["statename"] == "RUNNING", LIMIT_SECONDS)
    parent = psutil.Process(supervisor.state("sleeper")["pid"])
    wait_for(parent.children, LIMIT_SECONDS)
    return [parent, *parent.children()]


def test_down_ends_services_and_what_they_moved_to_other_sessions(supervisor: Supervisor) -> None:
    family = start_sleeper(supervisor)

    ended = supervisor.shut_down()

    assert ended >= len(family)
    assert not any(process.is_running() for process in family)
    assert not supervisor.is_running()


def test_down_leaves_no_folder_of_a_socket_behind(tmp_path: Path) -> None:
    var_dir = tmp_path / ("so deep that its socket lies elsewhere " * 3).strip()
    folder = socket_path(var_dir / "run").parent
    supervisor = Supervisor(var_dir)
    supervisor.boot([], ROOT, {})
    assert folder.is_dir()
    assert folder.parent == Path(tempfile.gettempdir())

    supervisor.shut_down()

    assert not folder.exists()
    assert supervisor.shut_down() == 0


def test_down_twice_is_as_good_as_once(supervisor: Supervisor) -> None:
    start_sleeper(supervisor)
    supervisor.shut_down()

    assert supervisor.shut_down() == 0


def test_down_ends_orphans_of_a_killed_supervisord(supervisor: Supervisor) -> None:
    family = start_sleeper(supervisor)
    os.kill(family[0].ppid(), signal.SIGKILL)
    wait_for(lambda: not supervisor.is_running(), LIMIT_SECONDS)

    supervisor.shut_down()

    assert not any(process.is_running() for process in family)


def test_service_that_dies_is_started_again(supervisor: Supervisor) -> None:
    [parent, _] = start_sleeper(supervisor)

    parent.kill()

    wait_for(lambda: supervisor.state("sleeper")["pid"] not in {0, parent.pid}, LIMIT_SECONDS)


def test_boot_again_leaves_running_services_alone(supervisor: Supervisor) -> None:
    [parent, _] = start_sleeper(supervisor)
    same = python_part("sleeper", SLEEPER, health=HealthProbe("unused"))
    more = python_part("more", "pass")

    supervisor.boot([same, more], ROOT, {})

    assert supervisor.state("sleeper")["pid"] == parent.pid
    assert supervisor.state("more")["statename"] == "STOPPED"


def test_parts_start_in_the_order_of_their_needs(supervisor: Supervisor, tmp_path: Path) -> None:
    [port] = free_ports(1)
    job = python_part("job", "open('done.txt', 'w').write('100%')")
    server = ("-m", "http.server", str(port), "--bind", "127.0.0.1")
    service = Part(
        "web", "web", (sys.executable, *server), ("job",), HealthProbe(f"http://127.0.0.1:{port}/done.txt"), port=port
    )

    supervisor.boot([service, job], tmp_path, {})
    start_parts([service, job], supervisor, Board())

    assert (tmp_path / "done.txt").read_text(encoding="utf-8") == "100%"


def test_failed_job_stops_the_start_and_shows_its_last_words(supervisor: Supervisor) -> None:
    job = python_part("job", "raise SystemExit('the disk is made of cheese')")
    needs_job = python_part("later", "pass", needs=("job",))
    supervisor.boot([job, needs_job], ROOT, {})

    with pytest.raises(PartError, match=r"ended with code 1(.|\n)*the disk is made of cheese"):
        start_parts([job, needs_job], supervisor, Board())

    assert supervisor.state("later")["statename"] == "STOPPED"


def test_full_disk_is_named_where_a_part_fails(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "FULL_MIB", 1e9)
    job = python_part("job", "raise SystemExit(1)")
    supervisor.boot([job], ROOT, {})

    with pytest.raises(PartError, match=r"ended with code 1\. The disk of .* is full .*: free some space\."):
        start_parts([job], supervisor, Board())


def test_service_that_keeps_dying_is_given_up_soon(supervisor: Supervisor) -> None:
    service = python_part("dying", "raise SystemExit('no luck')", health=HealthProbe("http://127.0.0.1:9/"))
    supervisor.boot([service], ROOT, {})

    with pytest.raises(PartError, match=r"instead of starting(.|\n)*no luck"):
        start_parts([service], supervisor, Board())


def test_long_folder_names_get_a_short_socket(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / ("deep" * 30))
    try:
        start_sleeper(supervisor)
    finally:
        supervisor.shut_down()
