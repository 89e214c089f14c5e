"""The API as a process of its own, over a shop that a test has filled."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.processes import await_answer

ROOT = Path(__file__).parents[2]


@contextmanager
def api_process(var_dir: Path, url: str, port: int, host: str = "127.0.0.1", **variables: str) -> Iterator[int]:
    """Start `python -m api.server` and wait until it answers; gives its process id, and kills it at the end."""
    own = {"HOST": host, "API_PORT": str(port), "VAR_DIR": str(var_dir)}
    own |= {"SHOP_DATABASE_URL": url, "PLATFORM_DATABASE_URL": url, **variables}
    process = subprocess.Popen([sys.executable, "-m", "api.server"], cwd=ROOT, env={**os.environ, **own})

    def answers() -> bool:
        try:
            return httpx.get(f"http://{host}:{port}/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    try:
        await_answer(process, answers)
        yield process.pid
    finally:
        process.kill()
        process.wait(60)
