"""The API's server as a process, told to stop while shoppers ask."""

import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from api.server import GRACE_SECONDS
from tests.support.api_process import api_process
from tests.support.ports import free_ports

ASK = b"GET /products/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CLIENTS = 8


def ask(port: int) -> str:
    """Ask once on a connection of its own, and tell how that ended."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    except ConnectionRefusedError:
        return "not accepted"
    with connection:
        received = b""
        try:
            connection.sendall(ASK)
            while piece := connection.recv(65536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            return "lost"
    return "answered" if received.startswith(b"HTTP/1.1 200 ") and received.endswith(b"}") else "lost"


def ask_until_refused(port: int) -> Counter[str]:
    endings: Counter[str] = Counter()
    while not endings["not accepted"]:
        endings[ask(port)] += 1
    return endings


def test_no_request_that_was_accepted_is_lost_when_the_server_stops(
    published_shop: Engine, tmp_path: Path, sqlite_url: str
) -> None:
    [port] = free_ports(1)
    with api_process(tmp_path, sqlite_url, port) as pid, ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ask_until_refused, port) for _ in range(CLIENTS)]
        time.sleep(0.5)
        os.kill(pid, signal.SIGTERM)
        began = time.monotonic()
        endings = sum((each.result() for each in asked), Counter[str]())
        took = time.monotonic() - began

    assert endings["answered"] > CLIENTS
    assert endings["lost"] == 0, endings
    assert took < GRACE_SECONDS, "nothing was cut off"
