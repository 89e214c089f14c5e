"""Control of supervisord, which keeps our processes alive: configuration, remote control, shutdown.

Every part runs in a process group of its own under `supervisord`, which restarts a service that dies and writes one
rotated log a part. Nothing of a part's output or state is kept by the launcher, so it may come and go.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport, UnixStreamHTTPConnection

from deploy.local.part import Part
from deploy.local.supervision.processes import end_processes, find_logged, find_marked
from deploy.local.supervision.supervisor_config import STOP_SECONDS, render_config, socket_path

ROOT = Path(__file__).resolve().parents[3]
ANSWER_SECONDS = 2.0 * STOP_SECONDS
"""Stopping a part takes up to `STOP_SECONDS`; a supervisord that is silent for longer is frozen."""


class Supervisor:
    """Remote control of one installation's `supervisord`.

    Args:
        var_dir: the installation's folder; tells installations apart.
    """

    def __init__(self, var_dir: Path):
        self.logs = var_dir / "logs"
        self._run_dir = var_dir / "run"
        self._config = self._run_dir / "supervisord.conf"
        self._socket = socket_path(self._run_dir)
        self._url = f"unix://{self._socket}"

    def is_running(self) -> bool:
        """Return whether our `supervisord` answers."""
        if not self._socket.exists():
            return False
        try:
            self._call("getState")
        except (OSError, HTTPException, Fault):
            return False
        return True

    def boot(self, parts: Iterable[Part], root: Path, environment: dict[str, str]) -> None:
        """Start `supervisord` with none of its parts running, or teach a running one the present table.

        Args:
            parts: everything it may start.
            root: working directory of every part.
            environment: variables that every part gets.
        """
        for folder in (self.logs, self._run_dir, self._socket.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._config.touch(mode=0o600)
        text = render_config(parts, self._run_dir, self.log_path, root, environment)
        self._config.write_text(text, encoding="utf-8")
        if self.is_running():
            self._adopt_changes()
        else:
            self.launch()

    def launch(self) -> None:
        """Start `supervisord` by the configuration that `boot` wrote."""
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.local.supervision.supervisord", str(self._config)]
        subprocess.run(command, check=True, cwd=ROOT)
        _wait_until(self.is_running, 15)

    def start(self, name: str) -> None:
        """Start a part without waiting for its health. A part that runs already is left alone."""
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise

    def state(self, name: str) -> dict[str, Any]:
        """Return Supervisor's view of a part: `statename`, `pid`, `start` and `stop` (seconds), `exitstatus`."""
        return dict(self._call("getProcessInfo", name))

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the view of every part by name; empty when nothing runs."""
        if not self.is_running():
            return {}
        return {view["name"]: dict(view) for view in self._call("getAllProcessInfo")}

    def log_path(self, name: str) -> Path:
        """Name the file that a part's output goes to."""
        return self.logs / f"{name}.log"

    def shut_down(self) -> int:
        """Stop every part and `supervisord`, then whatever they left. Doing it again changes nothing.

        Returns:
            How many processes ran and are gone.
        """
        count = 0
        while True:
            family = self._family()
            if self.is_running():
                self._call("shutdown")
                _wait_until(lambda: not self.is_running(), 3 * STOP_SECONDS)
            _, alive = psutil.wait_procs(family, timeout=2)
            end_processes(alive)
            orphans = self.end_orphans()
            count += len(family) + orphans
            if not orphans:  # else a keeper may have been bringing everything back meanwhile
                break
        self._remove_sockets()
        return count

    def end_orphans(self) -> int:
        """End processes of ours that outlived a killed `supervisord`, and a frozen one with its own; count them."""
        orphans = {*find_marked(self._url), *find_logged(self.log_path("supervisord")), *self._family()}
        end_processes(list(orphans))
        return len(orphans)

    def _remove_sockets(self) -> None:
        """Remove what sockets killed servers left, and the folder that was made for them alone."""
        for left in self._socket.parent.glob("*.sock*"):
            left.unlink()
        if self._socket.parent != self._run_dir and self._socket.parent.is_dir():
            self._socket.parent.rmdir()

    def _adopt_changes(self) -> None:
        """Reread the configuration: new or changed parts are known from then on, the others run on untouched."""
        [[added, changed, removed]] = self._call("reloadConfig")
        for name in [*changed, *removed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def _family(self) -> list[psutil.Process]:
        """List `supervisord` and everything below it, whatever process group or session it moved to."""
        try:
            supervisord = psutil.Process(int((self._run_dir / "supervisord.pid").read_text(encoding="utf-8")))
            is_ours = str(self._config) in supervisord.cmdline()
            return [supervisord, *supervisord.children(recursive=True)] if is_ours else []
        except (OSError, ValueError, psutil.Error):
            return []

    def _call(self, method: str, *arguments: Any) -> Any:
        """Ask `supervisord` over a new connection: threads and restarts then don't get in each other's way."""
        transport = SupervisorTransport(None, None, self._url)
        transport._get_connection = lambda: _Connection(str(self._socket))
        try:
            proxy = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()


class _Connection(UnixStreamHTTPConnection):  # type: ignore[misc]
    """Supervisor's own, which would wait for ever."""

    def __init__(self, path: str):
        super().__init__("localhost")
        self.socketfile = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(self.socketfile)


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"supervisord did not answer as expected within {seconds:.0f} s.")
        time.sleep(0.1)
