"""A real object store, moto's, for the time of a block: a process, as deltalake keeps Python's lock while it waits."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports
from tests.support.processes import await_answer

ROOT = Path(__file__).parents[2]
BUCKET = "shop"


@dataclass(frozen=True)
class ObjectStore:
    """An object store on loopback, with the bucket `shop`."""

    url: str

    def environment(self) -> dict[str, str]:
        """Return the variables with which deltalake and polars reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "an account of this test",
            "AWS_SECRET_ACCESS_KEY": "its secret",
        }

    def ask(self, method: str, path: str, body: bytes | None = None) -> None:
        """Send a request, unsigned."""
        headers = {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", body, headers, method=method), timeout=30)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse all credentials for the time of a block, as nobody was ever given any."""
        self.ask("POST", "/moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self.ask("POST", "/moto-api/reset-auth", b"inf")


@contextmanager
def object_store_running() -> Iterator[ObjectStore]:
    """Start an object store, and end it with the block.

    Yields:
        Once it has its bucket.
    """
    [port] = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = ObjectStore(f"http://127.0.0.1:{port}")
    try:
        await_answer(process, lambda: _has_bucket(store))
        yield store
    finally:
        process.kill()  # it holds nothing but its memory
        process.wait(timeout=60)


def _has_bucket(store: ObjectStore) -> bool:
    """Make the bucket; return whether it is there."""
    try:
        store.ask("PUT", f"/{BUCKET}")
    except OSError:
        return False
    return True
