"""Real object stores for the time of a block: moto's server or SeaweedFS, each behind a proxy that fails when told.

Each is a process of its own, as deltalake keeps Python's lock while it waits.
"""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from deploy.development.seaweedfs import SEAWEEDFS
from tests.support.faulty_proxy import CONTROL
from tests.support.ports import free_ports
from tests.support.processes import await_answer

ROOT = Path(__file__).parents[2]
BUCKET = "shop"
Kind = Literal["moto", "seaweedfs"]


@dataclass(frozen=True)
class Fault:
    """What the proxy does to requests.

    Attributes:
        methods: pattern of the methods that it concerns.
        path: pattern that is looked for in path and query.
        passed: so many of these requests pass first.
        times: so many then meet the fault.
        status: is answered in place of the store, 0 = the store answers.
        code: S3's word for it.
        seconds: are waited before anything else.
        header: is taken off the request, in small letters.
        loses_answer: whether the store does what is asked, and nobody hears of it.
    """

    methods: str = ".*"
    path: str = ""
    passed: int = 0
    times: int = 1_000_000
    status: int = 0
    code: str = ""
    seconds: float = 0.0
    header: str = ""
    loses_answer: bool = False


@dataclass(frozen=True)
class ObjectStore:
    """An object store on loopback, with the bucket `shop`.

    Attributes:
        url: the store's own address. proxy: that of the proxy before it.
        folder: where SeaweedFS keeps what it has.
        pid: of the store's one process.
    """

    url: str
    proxy: str
    folder: Path
    pid: int = 0

    def environment(self) -> dict[str, str]:
        """Return the variables with which everything reaches it, through the proxy."""
        return {
            "AWS_ENDPOINT_URL": self.proxy,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "an account of this test",
            "AWS_SECRET_ACCESS_KEY": "its secret",
        }

    def ask(self, method: str, path: str, body: bytes | None = None) -> None:
        """Send a request, unsigned."""
        _send(method, self.url + path, body)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse all credentials for the time of a block, as nobody was ever given any; moto alone."""
        self.ask("POST", "/moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self.ask("POST", "/moto-api/reset-auth", b"inf")

    @contextmanager
    def failing(self, *faults: Fault) -> Iterator[None]:
        """Let requests meet these faults for the time of a block.

        Raises:
            AssertionError: some fault was met by no request.
        """
        _send("POST", self.proxy + CONTROL, json.dumps([asdict(fault) for fault in faults]).encode())
        try:
            yield
        finally:
            counts = json.loads(_send("POST", self.proxy + CONTROL, b"[]"))
        assert all(count > fault.passed for count, fault in zip(counts, faults, strict=True)), counts

    def await_fault(self, seconds: float = 60) -> None:
        """Wait until a request has met a fault that lets none pass.

        Raises:
            AssertionError: none did so long.
        """
        deadline = time.monotonic() + seconds
        while not any(json.loads(_send("GET", self.proxy + CONTROL))):
            assert time.monotonic() < deadline, "no request met the fault"
            time.sleep(0.1)


@contextmanager
def object_store_running(folder: Path, kind: Kind = "moto") -> Iterator[ObjectStore]:
    """Start an object store, and end it with the block.

    Args:
        folder: an empty one, for what SeaweedFS keeps.
        kind: which store.

    Yields:
        Once it has its bucket.
    """
    port, proxy_port, *more = free_ports(9)
    store = ObjectStore(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{proxy_port}", folder)
    moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    proxy = [sys.executable, "-m", "tests.support.faulty_proxy", str(proxy_port), str(port)]
    with ExitStack() as processes:
        server = processes.enter_context(_running(moto if kind == "moto" else _seaweedfs(folder, port, more)))
        store = replace(store, pid=server.pid)
        await_answer(server, lambda: _has_bucket(store))
        await_answer(processes.enter_context(_running(proxy)), lambda: _answers(store))
        yield store


def _seaweedfs(folder: Path, port: int, ports: list[int]) -> list[str]:
    """Compose SeaweedFS's command: all parts in one process, on loopback, telling nobody of it."""
    names = ("s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    named = dict(zip([*names, "filer.port", "filer.port.grpc"], ports, strict=True))
    return [
        *(str(SEAWEEDFS.find()), "-logtostderr=true"),  # else it leaves files of logs beside all temporary ones
        *("server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-s3", f"-s3.port={port}"),
        *(f"-{name}={number}" for name, number in named.items()),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64"),
        "-volume.max=40",
    ]


@contextmanager
def _running(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()  # nothing that it holds is needed again
        process.wait(timeout=60)


def _has_bucket(store: ObjectStore) -> bool:
    """Make the bucket; return whether it is there."""
    try:
        store.ask("PUT", f"/{BUCKET}")
    except OSError:
        return False
    return True


def _answers(store: ObjectStore) -> bool:
    try:
        _send("POST", store.proxy + CONTROL, b"[]")
    except OSError:
        return False
    return True


def _send(method: str, url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())
