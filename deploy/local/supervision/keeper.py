"""Keeper of an installation (`python -m deploy.local.supervision.keeper`): ends orphans, and restarts supervisord.

supervisord runs it beside the parts. A part's worker whose parent was killed would keep the part's port; a step whose
task is gone would go on for hours. Where supervisord itself is killed, the keeper ends what is left of the parts,
starts it again, and with it the services that ran. So each of the two brings the other back.
"""

import argparse
import logging
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from xmlrpc.client import Fault

import psutil

from command import Command, Result
from deploy.local.supervision.processes import end_processes, is_alive
from deploy.local.supervision.supervise import Supervisor
from deploy.local.supervision.supervisor_config import KEEPER

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 2.0
KEPT_RUNNING = {"STARTING", "RUNNING", "BACKOFF"}

logger = logging.getLogger(__name__)


class Keeper:
    """Looks at everything below one supervisord.

    Args:
        supervisor: remote control of it.
        supervisord: its process, the keeper's parent.
    """

    def __init__(self, supervisor: Supervisor, supervisord: psutil.Process):
        self._supervisor = supervisor
        self._supervisord = supervisord
        self._family: set[psutil.Process] = set()
        self._services: list[str] = []

    def watch(self) -> None:
        """Look again and again; once supervisord is gone, bring it back."""
        while os.getppid() == self._supervisord.pid:
            try:
                self.look()
            except (OSError, HTTPException, Fault, psutil.Error) as err:
                logger.warning("not looked reason=%s: %s", type(err).__name__, err)
            time.sleep(POLL_SECONDS)
        self.revive()

    def look(self) -> None:
        """End what is no longer below any part, with all that is below it."""
        family = set(self._supervisord.children(recursive=True))
        adopted = set(self._supervisord.children())
        views = self._supervisor.states()
        if not views:
            return
        own = {view["pid"] for view in views.values()} | {os.getpid()}
        lost = {process for process in adopted | (self._family - family) if process.pid not in own}
        self._family = family
        self._services = [name for name, view in views.items() if view["statename"] in KEPT_RUNNING and name != KEEPER]
        orphans = [process for process in lost if is_alive(process)]
        if orphans:
            logger.info("ending what lost its parent pids=%s", sorted(process.pid for process in orphans))
            end_processes(_with_descendants(orphans), patience_seconds=PATIENCE_SECONDS)

    def revive(self) -> None:
        """End what the killed supervisord left, then start it and the services that it ran."""
        logger.warning("supervisord is gone, starting it again services=%s", ",".join(self._services))
        end_processes(_with_descendants(list(self._family)), patience_seconds=PATIENCE_SECONDS)
        self._supervisor.end_orphans()
        self._supervisor.launch()
        for name in self._services:
            self._supervisor.start(name)


def _with_descendants(processes: list[psutil.Process]) -> list[psutil.Process]:
    """List living processes and all below them, but for this one."""
    found = set(processes)
    for process in processes:
        try:
            found |= set(process.children(recursive=True))
        except psutil.NoSuchProcess:
            continue
    return [process for process in found if process.pid != os.getpid() and is_alive(process)]


def main(arguments: list[str] | None = None) -> int:
    """Watch until supervisord stops this process, or is gone and brought back."""
    command = Command("deploy.local.supervision.keeper", __doc__, has_logs=True)
    command.add_argument("var_dir", type=Path, help="folder of the installation")
    return command.run(_watch, arguments)


def _watch(options: argparse.Namespace) -> Result:
    Keeper(Supervisor(options.var_dir), psutil.Process(os.getppid())).watch()
    return Result()


if __name__ == "__main__":
    sys.exit(main())
