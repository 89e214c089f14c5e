"""A shop that does not answer: patience, then one line that says what to check."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

import features.retries
from features.retries import (
    CONNECT_TIMEOUT_SECONDS,
    MAX_PAUSE_SECONDS,
    PATIENCE_SECONDS,
    READ_TIMEOUT_SECONDS,
    UnreachableError,
    retry_while_unreachable,
)
from features.store import MLStore
from features.sync import sync_shop
from shop.database import open_engine
from shop.migrate import migrate
from tests.features.shop_writes import assert_equal
from tests.mariadb import MariaDbServer, find_free_port, run_mariadb
from tests.tiny_shop import fill_tiny_shop


def test_the_command_ends_within_40_seconds_of_the_last_answer() -> None:
    last_attempt_begins = PATIENCE_SECONDS + MAX_PAUSE_SECONDS

    assert last_attempt_begins + CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS <= 40
    assert READ_TIMEOUT_SECONDS < PATIENCE_SECONDS, "a server that hung once deserves a second attempt"


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.retries, "PATIENCE_SECONDS", 1.5)


@pytest.mark.usefixtures("short_patience")
def test_a_dead_server_ends_in_a_line_that_says_what_to_check(store: MLStore) -> None:
    engine = open_engine(f"mysql+pymysql://me:secret@127.0.0.1:{find_free_port()}/shop", connect_timeout_seconds=1)
    start = time.monotonic()

    with pytest.raises(UnreachableError, match=r"me:\*\*\*@127\.0\.0\.1.*Check that the server runs") as caught:
        sync_shop(engine, store)

    assert time.monotonic() - start < 10
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert store.versions() == {}


@pytest.mark.usefixtures("short_patience")
def test_a_server_that_accepts_and_says_nothing_is_left(store: MLStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        engine = open_engine(
            f"mysql+pymysql://me@127.0.0.1:{port}/shop", connect_timeout_seconds=1, read_timeout_seconds=1
        )
        start = time.monotonic()
        with pytest.raises(UnreachableError):
            sync_shop(engine, store)

    assert time.monotonic() - start < 10


@pytest.fixture
def own_server() -> Iterator[MariaDbServer]:
    """A server that may be stopped."""
    with run_mariadb() as server:
        yield server


@pytest.mark.usefixtures("short_patience")
def test_a_server_that_hangs_in_the_middle_is_left_and_the_next_run_makes_it_good(
    own_server: MariaDbServer, store: MLStore
) -> None:
    engine = open_engine(own_server.create_database(), connect_timeout_seconds=1, read_timeout_seconds=2)
    migrate(engine)
    fill_tiny_shop(engine)
    pid = int(Path(own_server.socket_path.parent / "pid").read_text())

    def hang(step: str) -> None:
        if step == "collect orders":
            os.kill(pid, signal.SIGSTOP)

    start = time.monotonic()
    try:
        with pytest.raises(UnreachableError):
            sync_shop(engine, store, at_step=hang)
        assert time.monotonic() - start < 15
    finally:
        os.kill(pid, signal.SIGCONT)
    sync_shop(engine, store)

    assert_equal(engine, store)


def test_a_connection_lost_in_the_middle_is_retried(mariadb_shop: Engine, store: MLStore) -> None:
    killed: list[str] = []

    def kill_connections(step: str) -> None:
        if step == "collect orders" and not killed:
            killed.append(step)
            with mariadb_shop.connect() as connection:
                ids = connection.execute(
                    text(
                        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
                    )
                )
                for (number,) in ids.all():
                    connection.exec_driver_sql(f"KILL {number}")

    report = sync_shop(mariadb_shop, store, verify=True, at_step=kill_connections)

    assert killed
    assert report.is_equal
    assert_equal(mariadb_shop, store)


def test_what_a_retry_cannot_help_is_not_retried(mariadb_shop: Engine) -> None:
    attempts: list[int] = []

    def run(_heard: object) -> None:
        attempts.append(1)
        with mariadb_shop.connect() as connection:
            connection.exec_driver_sql("SELECT no_such_column FROM users")

    with pytest.raises(UnreachableError, match="no_such_column"):
        retry_while_unreachable(mariadb_shop, run)

    assert len(attempts) == 1


def test_an_account_that_may_only_select_is_enough(
    mariadb_shop: Engine, mariadb_server: MariaDbServer, store: MLStore
) -> None:
    database = mariadb_shop.url.database
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'reads'")
        cursor.execute(f"GRANT SELECT ON {database}.* TO 'reader'@'127.0.0.1'")
    reader = open_engine(mariadb_shop.url.set(username="reader", password="reads"), read_only=True)

    report = sync_shop(reader, store, verify=True)

    assert report.is_equal
    with pytest.raises(DBAPIError), reader.begin() as connection:
        connection.exec_driver_sql("DELETE FROM product_reviews")


def test_a_rogue_server_gets_no_file(tmp_path: Path, store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.retries, "PATIENCE_SECONDS", 0.1)
    secret = tmp_path / "secret"
    secret.write_text("never sent")
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as rogue:
        threading.Thread(target=ask_for_file, args=(rogue, str(secret), received), daemon=True).start()
        engine = open_engine(
            f"mysql+pymysql://me@127.0.0.1:{rogue.getsockname()[1]}/shop",
            connect_timeout_seconds=2,
            read_timeout_seconds=2,
        )
        with pytest.raises(UnreachableError):
            sync_shop(engine, store)

    assert received
    assert b"never sent" not in received


def ask_for_file(rogue: socket.socket, path: str, received: bytearray) -> None:
    """Greet like MySQL, then answer every statement by asking for a file of the client's."""

    def packet(number: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "little") + bytes([number]) + payload

    flags = 0x0200 | 0x8000 | 0x80000 | 0x0080  # protocol 4.1, secure connection, plugin auth, LOCAL INFILE
    greeting = (
        b"\x0a8.0.36\x00" + (1).to_bytes(4, "little") + b"12345678\x00" + (flags & 0xFFFF).to_bytes(2, "little")
        + bytes([45]) + (2).to_bytes(2, "little") + (flags >> 16).to_bytes(2, "little") + bytes([21]) + bytes(10)
        + b"123456789012\x00" + b"mysql_native_password\x00"
    )  # fmt: skip
    while True:
        try:
            connection, _address = rogue.accept()
        except OSError:
            return
        with connection:
            connection.sendall(packet(0, greeting))
            received += connection.recv(65536)
            connection.sendall(packet(2, b"\x00\x00\x00\x02\x00\x00\x00"))
            while data := connection.recv(65536):
                received += data
                connection.sendall(packet(1, b"\xfb" + path.encode()))
