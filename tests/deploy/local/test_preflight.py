import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.interpreter import SetupError
from deploy.local.preflight import PORT_SETTINGS, check_folder, check_machine, check_ports
from settings import Settings
from tests.support.ports import free_settings

ROOT = Path(__file__).parents[3]
PREFLIGHT_WITHOUT = """
import runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
absent = set(sys.argv[1:])
sys.meta_path.insert(0, Absent())
sys.argv = ["deploy.local", "preflight"]
runpy.run_module("deploy.local", run_name="__main__")
"""
DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_ports_pass(tmp_path: Path) -> None:
    check_ports(free_settings(tmp_path))


def test_taken_port_names_itself_its_holder_and_the_setting(tmp_path: Path, taken_port: int) -> None:
    settings = free_settings(tmp_path).model_copy(update={"mlflow_port": taken_port})

    with pytest.raises(SetupError, match=rf"Port {taken_port} \(MLFLOW_PORT\) is taken by .*pid.*MLFLOW_PORT="):
        check_ports(settings)


def test_all_taken_ports_are_named_at_once(tmp_path: Path, taken_port: int) -> None:
    with socket.socket() as another:
        another.bind(("127.0.0.1", 0))
        another.listen()
        ports = {"mlflow_port": taken_port, "api_port": another.getsockname()[1]}
        settings = free_settings(tmp_path).model_copy(update=ports)

        with pytest.raises(SetupError) as refused:
            check_ports(settings)

    for name, port in ports.items():
        assert f"Port {port} ({name.upper()}) is taken" in str(refused.value)
        assert f"{name.upper()}=" in str(refused.value).partition("make up")[2]


def test_the_command_for_other_ports_works_and_keeps_folder_and_shop(tmp_path: Path, taken_port: int) -> None:
    shop = "synthetic --users 20 --products 10 --orders 60"
    settings = free_settings(tmp_path / "my shop").model_copy(update={"api_port": taken_port, "shop": shop})

    with pytest.raises(SetupError) as refused:
        check_ports(settings)

    words = shlex.split(str(refused.value).partition("make up ")[2])
    assert words[1:] == [f"VAR_DIR={tmp_path / 'my shop'}", f"SHOP={shop}"]
    check_ports(settings.model_copy(update={"api_port": int(words[0].removeprefix("API_PORT="))}))


@pytest.mark.parametrize("first", [12000, 32768, 61000])
def test_a_suggested_port_is_none_that_the_system_lends(
    first: int, tmp_path: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "range").write_text(f"{first}\t65535\n")
    monkeypatch.setattr("deploy.local.preflight.LENT_PORTS", tmp_path / "range")

    with pytest.raises(SetupError) as refused:
        check_ports(free_settings(tmp_path).model_copy(update={"api_port": taken_port}))

    assert int(str(refused.value).partition("API_PORT=")[2].split()[0]) < first


def test_a_suggested_port_is_not_taken_either(tmp_path: Path) -> None:
    listeners, settings = [socket.socket() for _ in range(2)], free_settings(tmp_path)
    listeners[0].bind(("127.0.0.1", 0))
    port = listeners[0].getsockname()[1]
    next_one = port + 10000 if port + 10000 <= 65535 else port - 10000
    with listeners[0], listeners[1]:
        listeners[0].listen()
        with suppress(OSError):  # somebody else has it: it is taken as well
            listeners[1].bind(("127.0.0.1", next_one))
            listeners[1].listen()

        with pytest.raises(SetupError) as refused:
            check_ports(settings.model_copy(update={"api_port": port}))

        suggested = int(str(refused.value).partition("API_PORT=")[2].split()[0])
        assert suggested not in (port, next_one)
        check_ports(settings.model_copy(update={"api_port": suggested}))


def test_port_held_by_our_own_service_passes(tmp_path: Path, taken_port: int) -> None:
    settings = free_settings(tmp_path).model_copy(update={"mlflow_port": taken_port})

    check_ports(settings, held_ports={taken_port})


def test_two_settings_with_one_port_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="API_PORT and SERVING_PORT are both 8000"):
        check_ports(Settings(var_dir=tmp_path, api_port=8000, serving_port=8000))


def test_folder_that_does_not_exist_yet_passes(tmp_path: Path) -> None:
    check_folder(tmp_path / "deep" / "var")


def test_full_disk_is_refused_with_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10 * 2**30, 9.5 * 2**30, 0.5 * 2**30))

    with pytest.raises(SetupError, match=r"need 2 GiB .* 0\.5 GiB free.*VAR_DIR"):
        check_folder(tmp_path)


@pytest.mark.parametrize("name", ["100%", "shop [2]", 'the "shop"'])
def test_folder_that_supervisor_or_delta_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="no percent sign, bracket"):
        check_folder(tmp_path / name)


@pytest.mark.parametrize("name", ["br[1]x", "pct%20x", "a^b", "p|pe"])
def test_store_that_delta_cannot_name_is_refused_before_anything_starts(tmp_path: Path, name: str) -> None:
    settings = free_settings(tmp_path).model_copy(update={"ml_store_uri": str(tmp_path / name)})

    with pytest.raises(SetupError, match=r"cannot lie in .* Give another folder as ML_STORE_URI"):
        check_machine(settings)

    assert not (tmp_path / name).exists()


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("not a folder", encoding="utf-8")

    with pytest.raises(SetupError, match="can't be written"):
        check_folder(tmp_path / "var" / "below")


def needed_by(names: set[str]) -> set[str]:
    """Return distributions with all that they need, extras left out."""
    found: set[str] = set()
    while names - found:
        name = (names - found).pop()
        found.add(name)
        needs = [Requirement(line) for line in requires(name) or []]
        names |= {
            canonicalize_name(need.name) for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        }
    return found


def test_preflight_needs_the_launchers_own_packages_alone(tmp_path: Path) -> None:
    lines = (ROOT / "deploy" / "requirements.in").read_text(encoding="utf-8").splitlines()
    there = needed_by({canonicalize_name(match.group()) for line in lines if (match := re.match(r"[\w-]+", line))})
    modules = packages_distributions()
    absent = [name for name, owners in modules.items() if there.isdisjoint(map(canonicalize_name, owners))]
    assert {"polars", "mlflow", "sqlalchemy"} <= set(absent)
    settings = free_settings(tmp_path)
    values = {"VAR_DIR": str(tmp_path), **{name.upper(): str(getattr(settings, name)) for name in PORT_SETTINGS}}

    ended = subprocess.run(
        [sys.executable, "-c", PREFLIGHT_WITHOUT, *absent],
        cwd=ROOT,
        env=values,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
