"""Syncs in processes of their own, which kill themselves (-9) where they are told to.

Run as `python -m tests.features.sync.behaviour.sync_worker`, it imports everything once and forks for each request: a
line of JSON, `{"url", "store", "die_at": step name, number of steps, or null, "verify": bool, "mapping": file or
null}`. It answers with the report or null.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.table_sync import SyncOptions
from shop.database import open_engine
from shop.mapping.model import load_mapping

ROOT = Path(__file__).parents[4]


class SyncWorker:
    """The forking process, seen from a test."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.features.sync.behaviour.sync_worker"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, engine: Engine, store: MLStore, **request: Any) -> None:
        """Ask for a sync without waiting for its end."""
        url = engine.url.render_as_string(hide_password=False)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"url": url, "store": store.uri, **request}) + "\n")
        self._process.stdin.flush()

    def wait(self) -> dict[str, Any] | None:
        """Return the report of the sync, or None if it was killed."""
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        assert answer is None or isinstance(answer, dict)
        return answer

    def sync(self, engine: Engine, store: MLStore, **request: Any) -> dict[str, Any] | None:
        """Sync and wait."""
        self.start(engine, store, **request)
        return self.wait()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def die_at(point: str | int | None) -> Callable[[str], None]:
    """Make a hook that kills the process at a named step, or after so many steps."""
    steps: list[str] = []

    def at_step(step: str) -> None:
        steps.append(step)
        if point in (step, len(steps)):
            os.kill(os.getpid(), signal.SIGKILL)

    return at_step


def sync(request: dict[str, Any]) -> None:
    """Do what a request says and write the report."""
    engine = open_engine(request["url"], read_only=True)
    options = SyncOptions(look_back=timedelta(seconds=request.get("look_back_seconds", 900)), max_gone_share=1.0)
    verify, at_step = request.get("verify", False), die_at(request.get("die_at"))
    store, mapping = MLStore(request["store"]), load_mapping(request.get("mapping"))
    report = sync_shop(engine, store, mapping=mapping, verify=verify, options=options, at_step=at_step)
    sys.stdout.write(json.dumps(report.to_json()) + "\n")


def run_child(request: dict[str, Any]) -> None:
    """Sync, then end this process whatever happened, without coming back to the parent's loop."""
    try:
        sync(request)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_child(json.loads(line))
        _pid, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            sys.stdout.write("null\n")
        elif status != 0:
            sys.stdout.write('"failed"\n')
        sys.stdout.flush()


if __name__ == "__main__":
    main()
