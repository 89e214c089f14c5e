"""The installation before a shop's public, after the other tests: TLS, replicas of the API and of the model server."""

import os
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from tests.containers.conftest import Installation, run_docker, wait_for
from tests.containers.home import see_home
from tests.support.chromium import open_browser
from tests.support.ports import free_ports

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

REPLICAS = {"api": 3, "bentoml": 2}
NUM_PRODUCTS = 20


@pytest.fixture(scope="module")
def address(installation: Installation) -> Iterator[str]:
    """The pages' address once TLS and replicas are up, and the installation as before at the end."""
    env, [http, https] = installation.folder / ".env", free_ports(2)
    before = env.read_text()
    added = {"COMPOSE_FILE": "docker-compose.yml:docker-compose.tls.yml", "HTTP_PORT": http, "HTTPS_PORT": https}
    added |= {"REQUESTS_PER_MINUTE": 600_000}
    env.write_text(before + "".join(f"{name}={value}\n" for name, value in added.items()))
    scales = [f"--scale={name}={number}" for name, number in REPLICAS.items()]
    installation.compose("up", "--detach", *scales)
    yield f"https://localhost:{https}"
    env.write_text(before)
    installation.compose("up", "--detach")


def find_containers(installation: Installation, service: str) -> list[str]:
    return installation.compose("ps", "--quiet", service).split()


@pytest.fixture
def client(installation: Installation, address: str) -> Iterator[httpx.Client]:
    """A client that trusts the certificate that `make secrets` drew."""
    trusting = ssl.create_default_context(cafile=str(installation.folder / "secrets" / "tls_certificate"))
    with httpx.Client(base_url=address, verify=trusting, timeout=20) as client:
        yield client


def test_as_many_replicas_run_as_were_asked_for(installation: Installation, address: str) -> None:
    assert {name: len(find_containers(installation, name)) for name in REPLICAS} == REPLICAS


def test_a_browser_sees_the_home_over_tls(client: httpx.Client, address: str) -> None:
    users = client.get("/users").raise_for_status().json()["users"]
    with open_browser() as browser:
        seen = see_home(browser, address, users[0]["user_id"], ignore_https_errors=True)

    assert seen.title.startswith("Recommended for ")


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_no_page_fails_while_a_replica_is_stopped_or_killed(
    installation: Installation, client: httpx.Client, how: str
) -> None:
    is_over = Event()

    def ask_on() -> Counter[int]:
        statuses: Counter[int] = Counter()
        while not is_over.is_set():
            statuses[client.get("/recommendations/home", params={"limit": NUM_PRODUCTS}).status_code] += 1
        return statuses

    container = find_containers(installation, "api")[0]
    with ThreadPoolExecutor(4) as shoppers:
        asked = [shoppers.submit(ask_on) for _ in range(4)]
        try:
            time.sleep(2)
            if how == "stopped":
                run_docker("stop", container)
            else:
                os.kill(int(run_docker("inspect", "--format", "{{.State.Pid}}", container)), 9)
            time.sleep(5)
        finally:
            is_over.set()
        statuses = sum((each.result() for each in asked), Counter[int]())
    run_docker("start", container)

    print(f"{how}: {statuses}")
    assert set(statuses) == {200}
    wait_for(lambda: client.get("/health").is_success, "the API")


def test_both_model_servers_are_asked(installation: Installation, client: httpx.Client) -> None:
    def count(container: str) -> int:
        """Count how often a model server was asked whether it is ready, which the API's health does."""
        ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8001/metrics').read().decode())"
        text = run_docker("exec", container, "python", "-c", ask)
        lines = [line for line in text.splitlines() if "request_total{" in line and '"/readyz"' in line]
        return sum(int(float(line.rpartition(" ")[2])) for line in lines)

    containers = find_containers(installation, "bentoml")
    before = [count(each) for each in containers]

    def are_asked() -> bool:
        for _ in range(10):
            client.get("/health").raise_for_status()
        return all(count(each) > was for each, was in zip(containers, before, strict=True))

    wait_for(are_asked, "both model servers asked")
