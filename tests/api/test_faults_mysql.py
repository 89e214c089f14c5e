"""A real MySQL server that is stopped, killed and started again under a running API."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.application import Deadlines, create_app
from settings import Settings
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from tests.api.conftest import PATIENT, ModelServer, publish_by_hand
from tests.support.database_servers import KINDS, DatabaseServer, run_server
from tests.support.tiny_shop import fill_tiny_shop

HOME = "/recommendations/home"


@pytest.fixture(params=KINDS)
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server of each kind that only this test uses, since it will not be treated well."""
    with run_server(request.param) as server:
        yield server


@pytest.fixture
def deadlines() -> Deadlines:
    """The real ones, unless a test says otherwise."""
    return Deadlines()


@pytest.fixture
def api(
    own_server: DatabaseServer, tmp_path: Path, model_server: ModelServer, deadlines: Deadlines
) -> Iterator[TestClient]:
    """An API over a published shop on that server."""
    url = own_server.create_database()
    engine = open_engine(url)
    migrate(engine)
    migrate(engine, PLATFORM)
    fill_tiny_shop(engine)
    publish_by_hand(engine)
    engine.dispose()
    settings = Settings(
        var_dir=tmp_path, shop_database_url=url, platform_database_url=url, serving_url=model_server.url
    )
    with TestClient(create_app(settings, deadlines)) as client:
        wait_for_rung(client, "published")
        yield client


DATABASES = {"shop_database", "platform_database"}


def wait_for_health(client: TestClient, named: set[str], seconds: float) -> None:
    """Wait until health names these databases as its problems, and no other."""
    deadline = time.monotonic() + seconds
    while named != DATABASES & {problem["part"] for problem in client.get("/health").json()["problems"]}:
        assert time.monotonic() < deadline, f"not said within {seconds:.0f} s"
        time.sleep(0.2)


def wait_for_rung(client: TestClient, rung: str, seconds: float = 90) -> None:
    """Wait until the page of user 1 comes from the given rung."""
    deadline = time.monotonic() + seconds
    while client.get(HOME, params={"user_id": 1}).headers["x-rung"] != rung:
        assert time.monotonic() < deadline, f"rung {rung!r} was not reached"
        time.sleep(0.05)


def test_a_server_that_hangs_costs_nobody_more_than_the_deadline(own_server: DatabaseServer, api: TestClient) -> None:
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        waits = []
        for _ in range(50):
            started = time.monotonic()
            answer = api.get(HOME, params={"user_id": 1})
            waits.append(time.monotonic() - started)
            assert answer.status_code == 200
            assert len(answer.json()["recommendations"]) == 4
            assert answer.headers["x-rung"] == "local:recent"
    finally:
        os.kill(own_server.pid, signal.SIGCONT)

    assert max(waits) < 10  # how short they are is measured by benchmarks/faults.py
    wait_for_rung(api, "published")


@pytest.mark.parametrize("deadlines", [PATIENT], ids=["patient"])
def test_a_server_that_was_started_anew_answers_the_very_next_read(own_server: DatabaseServer, api: TestClient) -> None:
    paths = ("/users", "/products?query=milk", "/users/1/orders", "/products/1", "/products/1/similar", "/categories")
    before = [(answer.status_code, answer.text) for answer in map(api.get, paths)]

    own_server.stop()
    own_server.start()

    assert [(answer.status_code, answer.text) for answer in map(api.get, paths)] == before
    assert {status for status, _ in before} == {200}
    assert api.get(HOME, params={"user_id": 1}).headers["x-rung"] == "published"


def test_health_says_within_10_s_that_a_server_hangs_and_within_120_s_that_it_is_back(
    own_server: DatabaseServer, api: TestClient
) -> None:
    wait_for_health(api, set(), 30)
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        wait_for_health(api, DATABASES, 10)
    finally:
        os.kill(own_server.pid, signal.SIGCONT)

    wait_for_health(api, set(), 120)
