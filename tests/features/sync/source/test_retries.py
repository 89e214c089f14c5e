"""A shop that does not answer: patience, then one line that says what to check."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

import features.sync.source.retries
from features.store import MLStore
from features.sync.shop_sync import main, sync_shop
from features.sync.source.retries import (
    CONNECT_TIMEOUT_SECONDS,
    MAX_PAUSE_SECONDS,
    PATIENCE_SECONDS,
    READ_TIMEOUT_SECONDS,
    RefusedError,
    UnreachableError,
    retry_while_unreachable,
)
from settings import load_settings
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from tests.features.shop_writes import assert_equal, execute
from tests.support.database_servers import KINDS, DatabaseServer, find_free_port, run_server
from tests.support.tiny_shop import fill_tiny_shop


def test_the_command_ends_within_40_seconds_of_the_last_answer() -> None:
    last_attempt_begins = PATIENCE_SECONDS + MAX_PAUSE_SECONDS

    assert last_attempt_begins + CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS <= 40
    assert READ_TIMEOUT_SECONDS < PATIENCE_SECONDS, "a server that hung once deserves a second attempt"


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.retries, "PATIENCE_SECONDS", 1.5)


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


@pytest.fixture(params=KINDS)
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server of each kind that may be stopped."""
    with run_server(request.param) as server:
        yield server


@pytest.mark.usefixtures("short_patience")
def test_a_server_that_hangs_in_the_middle_is_left_and_the_next_run_makes_it_good(
    own_server: DatabaseServer, store: MLStore
) -> None:
    engine = open_engine(own_server.create_database(), connect_timeout_seconds=1, read_timeout_seconds=2)
    migrate(engine)
    migrate(engine, PLATFORM)
    fill_tiny_shop(engine)

    def hang(step: str) -> None:
        if step == "collect orders":
            os.kill(own_server.pid, signal.SIGSTOP)

    start = time.monotonic()
    try:
        with pytest.raises(UnreachableError):
            sync_shop(engine, store, at_step=hang)
        assert time.monotonic() - start < 15
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
    sync_shop(engine, store)

    assert_equal(engine, store)


def test_a_connection_lost_in_the_middle_is_retried(server_shop: Engine, store: MLStore) -> None:
    killed: list[str] = []

    def kill_connections(step: str) -> None:
        if step == "collect orders" and not killed:
            killed.append(step)
            with server_shop.connect() as connection:
                ids = connection.execute(
                    text(
                        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
                    )
                )
                for (number,) in ids.all():
                    connection.exec_driver_sql(f"KILL {number}")

    report = sync_shop(server_shop, store, verify=True, at_step=kill_connections)

    assert killed
    assert report.is_equal
    assert_equal(server_shop, store)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT gone FROM users", r"error 1054, .*gone.*\. Bring the schema up to date"),
        ("SELECT 1 FROM gone", r"error 1146, .*gone.*\. Bring the schema up to date"),
        ("SELECT GONE('x')", r"error 1305, .*(?i:gone).*\. The server's version is not supported"),
        ("SELEC 1", r"error 1064, .*\. The server's version is not supported"),
        ("SELECT 1 FROM mysql.user", r"error 1142, .*\. GRANT the account"),
    ],
    ids=["unknown column", "unknown table", "unknown function", "unknown syntax", "no right"],
)
def test_what_a_retry_cannot_help_is_named_and_not_retried(server_shop: Engine, statement: str, said: str) -> None:
    attempts: list[int] = []

    def run(_heard: object) -> None:
        attempts.append(1)
        with server_shop.connect() as connection:
            connection.exec_driver_sql(statement)

    with pytest.raises(RefusedError, match=said) as caught:
        retry_while_unreachable([server_shop], run)

    assert len(attempts) == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong-password"}, r"error 1045, .*\. Correct user and password"),
        ({"database": "gone"}, r"error 10(44|49), .*\. Correct the database's name"),
    ],
    ids=["wrong password", "unknown database"],
)
def test_a_login_that_is_refused_ends_the_sync_at_once(
    server_shop: Engine, store: MLStore, change: dict[str, Any], said: str
) -> None:
    start = time.monotonic()

    with pytest.raises(RefusedError, match=said) as caught:
        sync_shop(open_engine(server_shop.url.set(**change)), store)

    assert time.monotonic() - start < PATIENCE_SECONDS / 2
    assert "wrong-password" not in str(caught.value)
    assert store.versions() == {}


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("order_items", "ALTER TABLE order_items ADD COLUMN gift INT, ADD INDEX gifts (gift)"),
        ("product_reviews", "TRUNCATE product_reviews"),
    ],
    ids=["altered", "emptied"],
)
def test_a_table_that_changes_beside_the_snapshot_is_read_in_another_one(
    server_shop: Engine, store: MLStore, table: str, statement: str
) -> None:
    changed: list[str] = []

    def change(step: str) -> None:
        if step == f"collect {table}" and not changed:
            changed.append(step)
            execute(server_shop, statement)

    report = sync_shop(server_shop, store, verify=True, at_step=change)

    assert changed
    assert report.is_equal
    assert_equal(server_shop, store)


def test_a_server_that_answers_is_not_called_down(server_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.retries, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(features.sync.source.retries, "MAX_ATTEMPTS", 2)
    attempts: list[int] = []

    def run(_heard: object) -> None:
        attempts.append(1)
        time.sleep(0.6)
        with server_shop.connect() as connection:
            connection.exec_driver_sql("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1412, MESSAGE_TEXT = 'retry, please'")

    with pytest.raises(
        UnreachableError, match=r"answers, and does not serve the sync: error 1412, retry, please\."
    ) as said:
        retry_while_unreachable([server_shop], run)

    assert len(attempts) == 2, "its answer renews the patience"
    assert "server runs" not in str(said.value)


def test_the_command_says_that_trying_again_would_not_help(
    server_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = server_shop.url.set(password="wrong-password").render_as_string(hide_password=False)
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    monkeypatch.setenv("PLATFORM_DATABASE_URL", url)
    monkeypatch.setenv("ML_STORE_URI", store.uri)
    load_settings.cache_clear()

    code = main(["--json"])

    load_settings.cache_clear()
    output = capsys.readouterr()
    assert code == 2
    assert "error 1045" in output.err.splitlines()[-1]
    assert '"state": "failed"' in output.out


def test_an_account_that_may_only_select_is_enough(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore
) -> None:
    database = server_shop.url.database
    with any_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'reads'")
        cursor.execute(f"GRANT SELECT ON {database}.* TO 'reader'@'127.0.0.1'")
    reader = open_engine(server_shop.url.set(username="reader", password="reads"), read_only=True)

    report = sync_shop(reader, store, verify=True)

    assert report.is_equal
    with pytest.raises(DBAPIError), reader.begin() as writing:
        writing.exec_driver_sql("DELETE FROM product_reviews")


def test_a_rogue_server_gets_no_file(tmp_path: Path, store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.retries, "PATIENCE_SECONDS", 0.1)
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
