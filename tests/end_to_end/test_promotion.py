"""A moved alias reaches the shopper: MLflow, Airflow, BentoML and the API, all real, on the shared installation.

Waits are generous, but for those of a promotion and a rollback: how fast they are stands in docs/reviewing.md.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from deploy.airflow_client import AirflowClient
from serving.serving_status import Served, read_served
from settings import Settings
from shop.database import open_engine
from shop.tables import SET_AGAIN, AuditLog, RecommendationBatch
from tests.end_to_end.conftest import ROOT, Installation, own_environment
from tests.end_to_end.versions import (
    FIRST,
    connect,
    expect_answers,
    log_copy,
    name_version,
    register,
    score_otherwise,
)
from tests.support.spoilt_versions import SPOILERS, Spoiler
from tests.support.waiting import wait_for
from training.registry.audit_log import NO_LOGIN

pytestmark = pytest.mark.timeout(900)

LIMIT_SECONDS = 180.0
PROMOTION_SECONDS, ROLLBACK_SECONDS, HEALTH_SECONDS = 60.0, 10.0, 10.0
FLIP_SECONDS = float(os.environ.get("FLIP_SECONDS", "8"))
FLIPS_PER_SECOND = 10
QUICK_MOVES = 8
USERS = list(range(1, 13))
K = 10


@pytest.fixture(scope="module")
def settings(installation: Installation) -> Settings:
    return installation.settings


@pytest.fixture(scope="module")
def second(settings: Settings) -> int:
    """A sound second version, whose scores are its own."""
    return register(settings, score_otherwise, {"verdict": "promote", "reason": "made by a test."})


@pytest.fixture
def first_serves(settings: Settings, second: int) -> Iterator[None]:
    """Each test begins and ends with the first version."""
    move(settings, FIRST)
    wait_for(lambda: served(settings).is_all(FIRST), LIMIT_SECONDS)
    yield
    move(settings, FIRST)
    wait_for(lambda: served(settings).is_all(FIRST), LIMIT_SECONDS)


def move(settings: Settings, version: int) -> None:
    """Move the alias as MLflow's UI does."""
    connect(settings).set_registered_model_alias(settings.model_name, "champion", str(version))


def served(settings: Settings) -> Served:
    return read_served(settings.serving_url, settings.api_url)


def start_promote(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "training.promote", *arguments]
    environment = own_environment(settings)
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )


def promote(settings: Settings, *arguments: str) -> str:
    process = start_promote(settings, *arguments)
    said, complained = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, complained
    return said


def alias_rows(settings: Settings) -> list[AuditLog]:
    engine = open_engine(settings.platform_database_url, read_only=True)
    with Session(engine, expire_on_commit=False) as session:
        of_alias = select(AuditLog).where(AuditLog.subject == "alias/champion")
        rows = list(session.scalars(of_alias.order_by(AuditLog.occurred_at, AuditLog.audit_id)))
    engine.dispose()
    return rows


def alias_moves(settings: Settings) -> list[AuditLog]:
    return [row for row in alias_rows(settings) if row.action != SET_AGAIN]


def batches_of(settings: Settings, version: int) -> list[str]:
    engine = open_engine(settings.platform_database_url, read_only=True)
    with Session(engine) as session:
        found = session.scalars(
            select(RecommendationBatch.batch_id).where(RecommendationBatch.model_version == str(version))
        )
        batches = list(found)
    engine.dispose()
    return batches


def ask_homepage(settings: Settings, user_id: int) -> httpx.Response:
    return httpx.get(f"{settings.api_url}/recommendations/home", params={"user_id": user_id}, timeout=30)


def test_a_promotion_reaches_the_homepage_and_a_rollback_shows_the_kept_lists_again(
    first_serves: None, settings: Settings, second: int
) -> None:
    before, kept = len(alias_moves(settings)), batches_of(settings, FIRST)

    said = promote(settings, str(second), "--reason", "for this test")

    assert said == f"champion moved from version {FIRST} to version {second}\n"
    wait_for(lambda: served(settings).is_all(second), LIMIT_SECONDS)
    assert ask_homepage(settings, 1).headers["x-model-version"] == str(second)

    promote(settings, "--rollback")

    wait_for(lambda: served(settings).is_all(FIRST), LIMIT_SECONDS)
    assert ask_homepage(settings, 1).headers["x-batch-id"] in kept
    assert batches_of(settings, FIRST) == kept
    there, back = alias_moves(settings)[before:]
    assert (there.from_value, there.to_value, there.reason) == (str(FIRST), str(second), "for this test")
    assert there.details["verdict"] == "promote"
    assert (back.action, back.from_value, back.to_value) == ("roll back", str(second), str(FIRST))


def test_a_promotion_waits_neither_for_a_training_nor_for_a_failed_scoring(
    first_serves: None, settings: Settings, airflow: AirflowClient
) -> None:
    unscored = register(settings, score_otherwise, {"verdict": "promote", "reason": "made by a test."})
    day_before = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    training = airflow.trigger("train_wide_deep", {"as_of": day_before.isoformat()})
    failing = airflow.trigger("score_users", {"as_of": "2001-01-01T00:00:00+00:00"})
    wait_for(lambda: state_of(airflow, "train_wide_deep", training) == "running", LIMIT_SECONDS)
    wait_for(lambda: state_of(airflow, "score_users", failing) == "up_for_retry", LIMIT_SECONDS)
    stop = threading.Event()
    wrong: list[str] = []
    seen: set[tuple[str, str]] = set()
    load = threading.Thread(target=ask_homepages, args=(settings, stop, wrong, seen))
    load.start()

    move(settings, unscored)
    moved = time.monotonic()
    wait_for(lambda: served(settings).model_server == unscored, PROMOTION_SECONDS)
    wait_for(lambda: names_the_lag(settings, unscored), HEALTH_SECONDS)
    wait_for(lambda: served(settings).is_all(unscored), PROMOTION_SECONDS - (time.monotonic() - moved))
    move(settings, FIRST)
    wait_for(lambda: served(settings).is_all(FIRST), ROLLBACK_SECONDS)
    stop.set()
    load.join(timeout=LIMIT_SECONDS)

    assert wrong == []
    assert {version for version, _ in seen} == {str(FIRST), str(unscored)}
    assert len(seen) == 2, "each version's pages come from one batch"
    for dag_id, run_id in (("train_wide_deep", training), ("score_users", failing)):
        stop_run(airflow, dag_id, run_id)


def state_of(airflow: AirflowClient, dag_id: str, run_id: str) -> str | None:
    [task] = airflow.tasks(dag_id, run_id)
    return task["state"]


def stop_run(airflow: AirflowClient, dag_id: str, run_id: str) -> None:
    airflow._send("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"}).raise_for_status()


def ask_homepages(settings: Settings, stop: threading.Event, wrong: list[str], seen: set[tuple[str, str]]) -> None:
    """Ask again and again, and keep of each answer the version and batch that it names."""
    while not stop.is_set():
        answer = ask_homepage(settings, USERS[0])
        if answer.status_code != httpx.codes.OK or not answer.json()["recommendations"]:
            wrong.append(f"{answer.status_code} {answer.text[:200]}")
        seen.add((answer.headers["x-model-version"], answer.headers["x-batch-id"]))
        time.sleep(0.02)


def names_the_lag(settings: Settings, champion: int) -> bool:
    """Return whether the API says that its lists are behind, and why; once they have followed, there is no lag."""
    health = httpx.get(f"{settings.api_url}/health", timeout=30).json()
    if health["model_version"] == str(champion):
        return True
    problems = " ".join(problem["problem"] for problem in health["problems"])
    return health["champion_version"] == str(champion) and f"has named version {champion} for" in problems


def test_a_move_in_mlflow_leaves_an_audit_row_too(first_serves: None, settings: Settings, second: int) -> None:
    before = len(alias_moves(settings))

    move(settings, second)

    wait_for(lambda: len(alias_moves(settings)) > before, LIMIT_SECONDS)
    row = alias_moves(settings)[before]
    assert (row.actor, row.from_value, row.to_value) == (NO_LOGIN, str(FIRST), str(second))


def test_moves_in_quick_succession_leave_a_row_each(first_serves: None, settings: Settings, second: int) -> None:
    def count_told() -> int:
        return sum("delivery" in row.details for row in alias_rows(settings))

    before, moves = count_told(), [second, FIRST] * QUICK_MOVES

    for version in moves:
        move(settings, version)

    wait_for(
        lambda: count_told() >= before + len(moves) and alias_rows(settings)[-1].to_value == str(FIRST), LIMIT_SECONDS
    )
    rows = alias_rows(settings)[-len(moves) :]
    assert all(row.to_value == after.from_value for row, after in pairwise(rows))


def test_of_two_promotions_at_once_one_is_told(first_serves: None, settings: Settings, second: int) -> None:
    before = len(alias_moves(settings))
    rivals = [start_promote(settings, str(second), "--expected", str(FIRST)) for _ in range(2)]

    complaints = [rival.communicate(timeout=LIMIT_SECONDS)[1] for rival in rivals]

    assert sorted(rival.returncode for rival in rivals) == [0, 1], complaints
    assert f"points at version {second} by now, not at {FIRST}" in "".join(complaints)
    assert len(alias_moves(settings)) == before + 1


def test_a_refused_version_serves_only_with_an_override(first_serves: None, settings: Settings) -> None:
    refused = register(settings, score_otherwise, {"verdict": "refuse", "reason": "worse than chance."})
    move(settings, refused)
    wait_for(lambda: served(settings).refused == refused, LIMIT_SECONDS)
    assert served(settings).model_server == FIRST
    assert "the gate refused it: worse than chance." in served(settings).trouble

    connect(settings).set_model_version_tag(settings.model_name, str(refused), "override", "to see it in the shop")

    wait_for(lambda: served(settings).is_all(refused), LIMIT_SECONDS)


def test_an_alias_that_flips_under_load_fails_and_mixes_no_answer(
    first_serves: None, settings: Settings, second: int
) -> None:
    promote(settings, str(second))
    wait_for(lambda: served(settings).is_all(second), LIMIT_SECONDS)
    expected = {version: expect_answers(settings, version, USERS, K) for version in (FIRST, second)}
    assert expected[FIRST] != expected[second]
    stop, wrong, counts = threading.Event(), [], {FIRST: 0, second: 0}

    def ask_model_server() -> None:
        with httpx.Client(base_url=settings.serving_url, timeout=60) as client:
            while not stop.is_set():
                answer = client.post("/recommend", json={"user_ids": USERS, "k": K})
                if answer.status_code != httpx.codes.OK or not is_whole(answer.json(), expected):
                    wrong.append(answer.text[:300])
                else:
                    counts[answer.json()["model_version"]] += 1

    def ask_api() -> None:
        while not stop.is_set():
            answer = ask_homepage(settings, USERS[0])
            if answer.status_code != httpx.codes.OK or answer.headers["x-model-version"] not in map(str, counts):
                wrong.append(f"{answer.status_code} {answer.headers}")

    threads = [threading.Thread(target=ask) for ask in (ask_model_server, ask_model_server, ask_api)]
    for thread in threads:
        thread.start()
    client = connect(settings)
    for number in range(int(FLIP_SECONDS * FLIPS_PER_SECOND)):
        version = (FIRST, second)[number % 2]
        client.set_registered_model_alias(settings.model_name, "champion", str(version))
        time.sleep(1 / FLIPS_PER_SECOND)
    stop.set()
    for thread in threads:
        thread.join(timeout=LIMIT_SECONDS)

    assert wrong == []
    assert sum(counts.values()) > 0
    wait_for(lambda: served(settings).is_all(second), LIMIT_SECONDS)


def is_whole(answer: dict[str, Any], expected: dict[int, dict[int, list[tuple[int, float]]]]) -> bool:
    """Return whether an answer carries exactly the products and scores of the version that it names."""
    ranked = expected[answer["model_version"]]
    for user in answer["recommendations"]:
        wanted = ranked[user["user_id"]]
        given = [(product["product_id"], product["score"]) for product in user["products"]]
        if [product for product, _ in given] != [product for product, _ in wanted]:
            return False
        if max(abs(ours - theirs) for (_, ours), (_, theirs) in zip(given, wanted, strict=True)) > 1e-6:
            return False
    return len(answer["recommendations"]) == len(ranked)


@pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS.keys())
def test_a_broken_version_is_tagged_and_named_and_the_good_one_stays(
    settings: Settings, second: int, spoiler: Spoiler
) -> None:
    broken = register(settings, spoiler)

    move(settings, broken)

    tags = connect(settings).get_model_version
    wait_for(lambda: "load_failed" in tags(settings.model_name, str(broken)).tags, LIMIT_SECONDS)
    assert spoiler.reason in tags(settings.model_name, str(broken)).tags["load_failed"]
    health = f"{settings.api_url}/health"
    wait_for(lambda: f"version {broken} is refused" in httpx.get(health, timeout=30).text, LIMIT_SECONDS)
    assert served(settings).model_server == served(settings).lists == FIRST


def test_the_workflow_turns_red_and_names_what_is_served(
    settings: Settings, second: int, airflow: AirflowClient
) -> None:
    broken = register(settings, SPOILERS["missing encoder"])
    red_before = {run["dag_run_id"] for run in airflow.runs("watch_champion", state="failed")}

    move(settings, broken)

    wait_for(
        lambda: {run["dag_run_id"] for run in airflow.runs("watch_champion", state="failed")} - red_before,
        LIMIT_SECONDS,
    )
    logs = [path.read_text() for path in (settings.var_dir / "logs" / "tasks").glob("dag_id=watch_champion/**/*.log")]
    words = f"the alias says version {broken}, the model server ranks with version {FIRST}, the homepage shows"
    assert any(words in log for log in logs)
    move(settings, FIRST)
    wait_for(lambda: served(settings).is_all(FIRST) and served(settings).refused is None, LIMIT_SECONDS)


def test_version_1_of_a_model_that_took_the_name_of_another_serves_its_own_files(
    first_serves: None, settings: Settings
) -> None:
    first_run, other_run = served(settings).run_id, log_copy(settings, score_otherwise)
    with model_renamed(settings, f"{settings.model_name}_old"):
        connect(settings).create_registered_model(settings.model_name)
        assert name_version(settings, other_run, {"verdict": "promote", "reason": "made by a test."}) == FIRST

        move(settings, FIRST)

        wait_for(lambda: served(settings).is_all(FIRST, other_run), LIMIT_SECONDS)
        assert ask_homepage(settings, 1).headers["x-batch-id"] == batches_of(settings, FIRST)[-1]
        assert hash_files(settings.var_dir / "models" / str(FIRST)) == hash_artifacts(settings, other_run)
    wait_for(lambda: served(settings).is_all(FIRST, first_run), LIMIT_SECONDS)


@contextmanager
def model_renamed(settings: Settings, name: str) -> Iterator[None]:
    """Give the model another name for a while; what took its own meanwhile is deleted."""
    client = connect(settings)
    client.rename_registered_model(settings.model_name, name)
    try:
        yield
    finally:
        client.delete_registered_model(settings.model_name)
        client.rename_registered_model(name, settings.model_name)


def hash_artifacts(settings: Settings, run_id: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as scratch:
        return hash_files(Path(connect(settings).download_artifacts(run_id, "model", scratch)))


def hash_files(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
