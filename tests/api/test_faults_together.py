"""Each real dependency killed, stopped and slowed, alone and together, while shoppers ask: every page is full.

How long answers take is measured by `benchmarks/faults.py`; here nothing may fail, however busy the machine.
"""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from api.application import create_app
from benchmarks.parts.faults import Dependencies, break_down, run_dependencies
from settings import Settings
from tests.api.conftest import serve

LIMIT_SECONDS = 60
REQUESTS = 20


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dependencies]:
    with run_dependencies(tmp_path_factory.mktemp("dependencies")) as running:
        yield running


@pytest.fixture(scope="module")
def client(dependencies: Dependencies) -> Iterator[httpx.Client]:
    """A client of an API with its real deadlines, whose local fallback is made."""
    fields: dict[str, Any] = {name.lower(): value for name, value in dependencies.settings.items()}
    with (
        serve(create_app(Settings(**fields))) as address,
        httpx.Client(base_url=address, timeout=LIMIT_SECONDS) as client,
    ):
        deadline = monotonic() + LIMIT_SECONDS
        while not (Path(fields["var_dir"]) / "api" / "last_good.json").exists():
            assert monotonic() < deadline, "no local fallback was written"
            sleep(0.1)
        yield client


def wait_for_problems(client: httpx.Client, parts: set[str]) -> None:
    """Wait until health names these parts."""
    deadline = monotonic() + LIMIT_SECONDS
    while not parts <= {problem["part"] for problem in client.get("/health").json()["problems"]}:
        assert monotonic() < deadline, f"health does not name {parts}"
        sleep(0.2)


PARTS = {"database": {"shop_database", "platform_database"}, "model_server": {"model_server"}}
PARTS["both"] = PARTS["database"] | PARTS["model_server"]


@pytest.mark.parametrize(
    ("dependency", "kind"),
    [
        ("database", "slowed"),
        ("database", "stopped"),
        ("model_server", "slowed"),
        ("model_server", "stopped"),
        ("both", "slowed"),
        ("both", "stopped"),
        ("model_server", "killed"),
        ("both", "killed"),
    ],
)
def test_every_shopper_gets_a_full_page(
    dependencies: Dependencies, client: httpx.Client, dependency: str, kind: str
) -> None:
    pids = dependencies.of("database" if (dependency, kind) == ("both", "killed") else dependency)  # the other is dead

    with break_down(pids, kind):
        answers = [client.get("/recommendations/home", params={"user_id": user}) for user in range(1, REQUESTS + 1)]
        if kind != "slowed":
            wait_for_problems(client, PARTS[dependency])

    assert {answer.status_code for answer in answers} == {200}
    assert {len(answer.json()["recommendations"]) for answer in answers} == {20}
