"""`make environment` on a fresh clone, with a small lock and packages from an index on loopback."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.deploy.local.package_index import Index, publish, serve

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 120


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serve(tmp_path / "index") as index:
        publish(index.folder, "torch", "2.13.0+cpu")
        publish(index.folder, "httpx", "0.28.0")
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a folder that a person may well have: with a space, in Korean."""
    folder = tmp_path / "내 가게 (1)"
    for package in ("deploy", "shop"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "command.py"):
        shutil.copy(ROOT / file, folder)
    (folder / "deploy" / "requirements.in").write_text("httpx>=0.28\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("httpx==0.28.0\ntorch==2.13.0\n", encoding="utf-8")
    return folder


def start(clone: Path, *variables: str) -> subprocess.Popen[str]:
    command = ["make", "--no-print-directory", "environment", f"PYTHON={sys.executable}", *variables]
    return subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def make(clone: Path, *variables: str) -> str:
    process = start(clone, *variables)
    output, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, output
    return output


def installed(clone: Path, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([clone / ".venv/bin/python", "-c", code], capture_output=True, text=True).stdout.strip()


def test_environment_is_made_once(clone: Path, index: Index) -> None:
    make(clone)
    index.asked.clear()
    again = make(clone)

    assert installed(clone, "torch") == "2.13.0+cpu"
    assert installed(clone, "httpx") == "0.28.0"
    assert again == ""
    assert index.asked == []


def test_torch_comes_from_the_place_that_env_names(clone: Path, index: Index, tmp_path: Path) -> None:
    with serve(tmp_path / "mirror") as mirror:
        publish(mirror.folder, "torch", "2.13.0+mine")
        (clone / ".env").write_text(f"API_PORT=18000\nTORCH_INDEX_URL={mirror.url}\n", encoding="utf-8")

        make(clone)

    assert installed(clone, "torch") == "2.13.0+mine"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let pip's own index take connections and not answer; set once pip waits for it."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            server.accept()
            asked.set()
            waiting.wait()

        waiting = threading.Event()
        thread = threading.Thread(target=accept)
        thread.start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "1")
        yield asked
        waiting.set()
        thread.join()


def bootstrap_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The set-up below `make`."""
    below = psutil.Process(process.pid).children(recursive=True)
    [bootstrap] = [child for child in below if "deploy.local.bootstrap" in child.cmdline()]
    return bootstrap


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_interrupted_set_up_removes_what_it_began(
    clone: Path, index: Index, hanging: threading.Event, number: signal.Signals
) -> None:
    process = start(clone)
    assert hanging.wait(LIMIT_SECONDS)
    family = psutil.Process(process.pid).children(recursive=True)
    bootstrap_of(process).send_signal(number)
    output, _ = process.communicate(timeout=LIMIT_SECONDS)

    assert process.returncode != 0
    assert "Stopped." in output
    assert "Traceback" not in output
    assert not (clone / ".venv").exists()
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_killed_set_up_is_made_good_by_the_next_once_its_pip_has_ended(
    clone: Path, index: Index, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(clone)
    assert hanging.wait(LIMIT_SECONDS)
    bootstrap_of(process).kill()
    process.wait(timeout=LIMIT_SECONDS)
    assert (clone / ".venv").exists()
    monkeypatch.setenv("PIP_INDEX_URL", index.url)

    output = make(clone)

    assert "Another set-up of this folder ends" in output
    assert "Remove what is half-made" in output
    assert installed(clone, "torch") == "2.13.0+cpu"


def test_environment_whose_python_is_gone_is_made_anew(clone: Path, index: Index) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to("python3.10-of-last-year")

    make(clone)

    assert installed(clone, "torch") == "2.13.0+cpu"


def test_full_disk_is_told_in_a_line_before_anything_is_made(clone: Path, index: Index) -> None:
    source = clone / "deploy" / "local" / "environment.py"
    source.write_text(source.read_text("utf-8").replace("NEEDED_GIB = 4", "NEEDED_GIB = 10**6"), "utf-8")

    process = start(clone)
    output, _ = process.communicate(timeout=LIMIT_SECONDS)

    assert process.returncode != 0
    assert "GiB free. Free some space first." in output
    assert "Traceback" not in output
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("blocks", "told"),
    [(0, "Set-up cannot go on"), (64, "Is the disk full?")],
    ids=["from the start", "in the middle"],
)
def test_disk_that_fills_up_is_told_in_a_line_and_nothing_half_made_stays(
    clone: Path, index: Index, blocks: int, told: str
) -> None:
    command = ["bash", "-c", f"ulimit -f {blocks}; exec make environment 'PYTHON={sys.executable}'"]
    finished = subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=LIMIT_SECONDS)

    assert finished.returncode != 0
    assert told in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (clone / ".venv").exists()
