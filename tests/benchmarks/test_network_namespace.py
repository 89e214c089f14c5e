"""A network of its own: it reaches this machine's loopback until it is cut off, and again once that is over."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from benchmarks.parts.network_namespace import HOST, NetworkNamespace, is_possible, network_namespace

pytestmark = pytest.mark.skipif(not is_possible(), reason="root alone makes networks, with `ip` and `iptables`")

ASK = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)"


@pytest.fixture
def url() -> Iterator[str]:
    """Address at which the network finds a server that listens on loopback."""
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        serving.join()


def reaches(network: NetworkNamespace, url: str) -> bool:
    command = network.wrap((sys.executable, "-S", "-c", ASK, url))
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_what_runs_in_it_reaches_loopback_unless_it_is_cut_off(url: str) -> None:
    with network_namespace(f"test-{os.getpid() % 100_000}") as network:
        before = reaches(network, url)
        with network.cut_off():
            meanwhile = reaches(network, url)
        after = reaches(network, url)

    assert (before, meanwhile, after) == (True, False, True)
    assert not Path(f"/run/netns/{network.name}").exists()
