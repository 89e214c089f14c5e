"""Preflight checks before anything is started: ports, disk, folder."""

import os
import shlex
import shutil
import socket
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import psutil

from deploy.interpreter import SetupError
from features.store_path import explain_unusable
from settings import Settings

PORT_SETTINGS = ("api_port", "serving_port", "mlflow_port", "airflow_port")
NEEDED_GIB = 2
LENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where Linux says which ports it lends to connections: first and last."""


def check_machine(settings: Settings, *, held_ports: Collection[int] = ()) -> None:
    """Check everything that the launcher needs of this machine.

    Args:
        settings: where things run.
        held_ports: ports that this installation's own running services hold already.

    Raises:
        SetupError: the first thing that is wrong, and the setting to change.
    """
    check_folder(settings.var_dir)
    check_store(settings.ml_store_uri)
    check_ports(settings, held_ports=held_ports)


def check_folder(folder: Path) -> None:
    """Check that `VAR_DIR`, or the nearest folder above it that exists, can be written and has room.

    Raises:
        SetupError: it can't be written, or less than `NEEDED_GIB` is free, or Supervisor or Delta can't name it.
    """
    if set(str(folder)) & set('%"\n[]'):
        raise SetupError(
            f"VAR_DIR is {str(folder)!r}: choose a folder whose path has no percent sign, bracket, quote or line break."
        )
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        raise SetupError(f"VAR_DIR is {folder}, but {existing} can't be written. Set VAR_DIR to a folder of yours.")
    free_gib = shutil.disk_usage(existing).free / 2**30
    if free_gib < NEEDED_GIB:
        raise SetupError(
            f"Data and logs need {NEEDED_GIB} GiB and {existing} has {free_gib:.1f} GiB free. "
            "Free some space, or set VAR_DIR to a folder on another disk."
        )


def check_store(uri: str) -> None:
    """Check that Delta can name the ML store, which no run of the workflows could do otherwise.

    Raises:
        SetupError: it cannot; the message says which character is in the way.
    """
    if unusable := explain_unusable(uri):
        raise SetupError(unusable)


def check_ports(settings: Settings, *, held_ports: Collection[int] = ()) -> None:
    """Check that the four ports differ and are free.

    Raises:
        SetupError: two settings name one port, or other processes listen on some: all are named at once.
    """
    ports = {name: int(getattr(settings, name)) for name in PORT_SETTINGS}
    port, uses = Counter(ports.values()).most_common(1)[0]
    if uses > 1:
        names = " and ".join(name.upper() for name, value in ports.items() if value == port)
        raise SetupError(f"{names} are both {port}. Give each its own port.")
    free = {name: port in held_ports or _is_free(settings.host, port) for name, port in ports.items()}
    taken = {name: port for name, port in ports.items() if not free[name]}
    if taken:
        told = "".join(f"Port {port} ({name.upper()}) is taken by {_holder(port)}. " for name, port in taken.items())
        raise SetupError(f"{told}Stop that, or choose other ports: {_suggest(settings, ports, taken)}")


def _suggest(settings: Settings, ports: Mapping[str, int], taken: Mapping[str, int]) -> str:
    """Write the command that starts the same shop in the same folder on free ports."""
    words, used = ["make up"], set(ports.values())
    for name, port in taken.items():
        used.add(another := _another(settings.host, port, used))
        words.append(f"{name.upper()}={another}")
    if settings.var_dir != Path("var").absolute():
        words.append(f"VAR_DIR={shlex.quote(str(settings.var_dir))}")
    if settings.shop != "demo":
        words.append(f'SHOP="{settings.shop}"')
    return " ".join(words)


def _another(host: str, port: int, used: Collection[int]) -> int:
    """Find a free port that people can remember: the same last digits, thousands above or below.

    One that the system may lend to a connection at any moment is the last choice.
    """
    near = [port + 10000 * step for step in (1, 2, 3, 4, 5, -1, -2, -3, -4)] + [port + step for step in range(1, 1000)]
    usable = [each for each in (*near, *range(10000, 65536)) if 1024 <= each <= 65535 and each not in used]
    first_lent = _find_first_lent_port()
    kept = [each for each in usable if each < first_lent]
    return next(each for each in (*kept, *usable) if _is_free(host, each))


def _find_first_lent_port() -> int:
    """Return where the ports begin that the system lends to connections, by IANA's range where it does not say."""
    try:
        return int(LENT_PORTS.read_text().split()[0])
    except FileNotFoundError:
        return 49152


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    """Name the process that listens on a port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    listening = {c.laddr[1]: c.pid for c in connections if c.status == psutil.CONN_LISTEN and len(c.laddr) == 2}
    pid = listening.get(port)
    if not pid:
        return "another process"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"
