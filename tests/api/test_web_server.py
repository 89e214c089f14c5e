"""The web server of docker-compose.yml, real nginx, before processes of the API: one limit, TLS, whom it believes."""

import http.client
import json
import os
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import pytest

from shop.database import open_engine
from tests.api.conftest import publish_by_hand
from tests.support.api_process import api_process
from tests.support.migrated_databases import copy_migrated_file
from tests.support.ports import free_ports
from tests.support.tiny_shop import fill_tiny_shop
from tests.support.web_server import NameServer, WebServer, web_server

PER_MINUTE = 120
AT_ONCE = PER_MINUTE // 6
REPLICAS = ("127.0.0.2", "127.0.0.3")
METRICS = "m" * 43
ALLOWED = "localhost,shop.example,*.shop.example"
PAGE = "/products/1"
SPOOFED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto")


@dataclass
class Installation:
    """Two replicas of the API, by their process ids, and where a web server finds them."""

    names: NameServer
    pids: dict[str, int]
    port: int
    folder: Path

    def start_web_server(self, stack: ExitStack, per_minute: int = PER_MINUTE, **more: str) -> WebServer:
        api = f"http://api:{self.port}"
        folder = self.folder / f"web-{len(list(self.folder.iterdir()))}"
        given = {"API_URL": api, "REQUESTS_PER_MINUTE": str(per_minute), "ALLOWED_HOSTS": ALLOWED, **more}
        return stack.enter_context(web_server(folder, self.names, **given))

    def count_answers(self, host: str) -> int:
        """Return how many requests for the page a replica has answered."""
        headers = {"Authorization": f"Bearer {METRICS}"}
        text = httpx.get(f"http://{host}:{self.port}/metrics", headers=headers, timeout=30).raise_for_status().text
        lines = [line for line in text.splitlines() if line.startswith("api_request_seconds_count")]
        return sum(int(float(line.rpartition(" ")[2])) for line in lines if "{product_id}" in line)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("web")
    url = f"sqlite:///{folder / 'shop.db'}"
    copy_migrated_file(migrated_file, url)
    engine = open_engine(url)
    fill_tiny_shop(engine)
    publish_by_hand(engine)
    engine.dispose()
    variables = {"ENVIRONMENT": "production", "API_TOKEN_KEY": "k" * 43, "API_METRICS_TOKEN": METRICS}
    variables |= {"ALLOWED_HOSTS": ALLOWED, "TRUSTED_PROXIES": "127.0.0.1", "REQUESTS_PER_MINUTE": "1000000"}
    [port] = free_ports(1)
    names = NameServer(*REPLICAS)
    with ExitStack() as stack:
        pids = {}
        for host in REPLICAS:
            pids[host] = stack.enter_context(api_process(folder / host, url, port, host, **variables))
        yield Installation(names, pids, port, folder)
    names.close()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def ask(
    port: int, path: str = PAGE, source: str = "127.0.0.1", host: str = "localhost", **headers: str
) -> http.client.HTTPResponse:
    """Ask on a connection of its own from an address of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
    connection.request("GET", path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_one_limit_counts_over_all_replicas_whatever_a_client_says_of_itself(
    installation: Installation, stack: ExitStack
) -> None:
    port = installation.start_web_server(stack).plain
    before = {host: installation.count_answers(host) for host in REPLICAS}
    began = time.monotonic()

    answers = [ask(port, **dict.fromkeys(SPOOFED, f"203.0.113.{number}")) for number in range(3 * AT_ONCE)]

    admitted = [answer.status for answer in answers].count(200)
    elapsed = time.monotonic() - began
    shares = {host: installation.count_answers(host) - before[host] for host in REPLICAS}
    assert AT_ONCE <= admitted <= AT_ONCE + elapsed * PER_MINUTE / 60 + 1
    assert sum(shares.values()) == admitted
    assert min(shares.values()) > 0, "both replicas answer"
    refused = answers[-1]
    assert refused.status == 429
    assert json.loads(refused.body)["error"]["code"] == "too_often"  # type: ignore[attr-defined]
    assert int(refused.headers["Retry-After"]) >= 1
    assert ask(port, path="/health").status == 200
    assert ask(port, source="127.0.0.9").status == 200, "another client has a limit of its own"


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("203.0.113.1", "203.0.113.2", 200),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 429),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", 200),
        ("203.0.113.9, 203.0.113.1", "203.0.113.8, 203.0.113.1", 429),
    ],
    ids=["two addresses", "one IPv6 network", "two IPv6 networks", "what came before the balancer"],
)
def test_a_balancer_that_is_named_is_believed_and_ipv6_counts_by_network(
    installation: Installation, stack: ExitStack, first: str, second: str, status: int
) -> None:
    port = installation.start_web_server(stack, 1, TRUSTED_BALANCERS="127.0.0.1").plain

    statuses = [ask(port, **{"X-Forwarded-For": first}).status for _ in range(2)]

    assert statuses == [200, 429]
    assert ask(port, **{"X-Forwarded-For": second}).status == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_page_fails_while_a_replica_goes(
    installation: Installation, stack: ExitStack, tmp_path: Path, number: signal.Signals
) -> None:
    third = "127.0.0.4"
    variables = {"ENVIRONMENT": "production", "API_TOKEN_KEY": "k" * 43, "ALLOWED_HOSTS": ALLOWED}
    variables |= {"REQUESTS_PER_MINUTE": "1000000"}
    url = f"sqlite:///{installation.folder / 'shop.db'}"
    pid = stack.enter_context(api_process(tmp_path, url, installation.port, third, **variables))
    installation.names.addresses.append(third)
    port = installation.start_web_server(stack, 1_000_000).plain
    is_over = Event()

    def ask_on() -> Counter[int]:
        statuses: Counter[int] = Counter()
        while not is_over.is_set():
            statuses[ask(port).status] += 1
        return statuses

    with ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(ask_on) for _ in range(4)]
        time.sleep(0.5)
        os.kill(pid, number)
        time.sleep(0.5)  # until its name is taken away, it is asked in vain
        installation.names.addresses.remove(third)
        time.sleep(1.5)
        is_over.set()
        statuses = sum((each.result() for each in asked), Counter[int]())

    assert set(statuses) == {200}
    assert statuses[200] > 50


def test_tls_is_answered_with_hsts_and_plain_requests_are_sent_there(
    installation: Installation, stack: ExitStack
) -> None:
    server = installation.start_web_server(stack)
    trusting = ssl.create_default_context(cafile=str(server.certificate))
    base = f"https://localhost:{server.secure}"

    with httpx.Client(verify=trusting, timeout=30, headers={"X-Forwarded-Proto": "http"}) as client:
        page, answer = client.get(base), client.get(base + PAGE)
        strange = [client.get(base + path, headers={"Host": "evil.test"}) for path in ("/", PAGE)]
    sent_on = ask(
        server.redirecting, path="/search?q=a", host="eu.shop.example:80", **{"X-Forwarded-Host": "evil.test"}
    )

    assert (page.status_code, answer.status_code) == (200, 200)
    assert {each.headers["Strict-Transport-Security"] for each in (page, answer)} == {"max-age=31536000"}
    assert sent_on.status == 301
    assert sent_on.headers["Location"] == f"https://eu.shop.example:{server.secure}/search?q=a"
    assert [each.status_code for each in strange] == [421, 421]
    assert ask(server.redirecting, host="evil.test").status == 421
    assert "Strict-Transport-Security" not in ask(server.plain).headers


def test_an_answer_under_way_is_given_before_the_web_server_ends(stack: ExitStack, tmp_path: Path) -> None:
    names = NameServer("127.0.0.1")
    stack.callback(names.close)
    slow = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    server = stack.enter_context(
        web_server(tmp_path / "web", names, API_URL=f"http://api:{slow.getsockname()[1]}", ALLOWED_HOSTS=ALLOWED)
    )

    with ThreadPoolExecutor(1) as client:
        asked = client.submit(ask, server.plain)
        upstream, _ = slow.accept()
        server.process.send_signal(signal.SIGQUIT)
        time.sleep(0.3)
        upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        upstream.close()
        answer = asked.result()

    assert answer.body == b"ok"  # type: ignore[attr-defined]
    assert server.process.wait(60) == 0


@pytest.mark.parametrize("value", ["0", "many", "-5"])
def test_a_limit_that_is_no_number_is_refused_in_one_line(tmp_path: Path, value: str) -> None:
    names = NameServer("127.0.0.1")
    with (
        pytest.raises(AssertionError, match="the web server ended"),
        web_server(tmp_path / "web", names, REQUESTS_PER_MINUTE=value),
    ):
        pass
    names.close()
