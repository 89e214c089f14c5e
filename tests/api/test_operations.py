import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from api.openapi import COMMITTED, render_openapi
from shop.database import session_scope
from shop.tables import SET_AGAIN, AuditLog, BatchBucket, RecommendationBatch, name_model
from tests.api.conftest import BATCH, ModelServer, publish_by_hand


def test_health_is_ok_with_a_fresh_batch(published_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    now = datetime.now(UTC)
    with session_scope(published_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=now))

    health = open_api().get("/health").json()

    assert (health["status"], health["problems"]) == ("ok", [])
    assert (health["batch_id"], health["model_version"]) == (BATCH, "7")
    assert health["batch_age_seconds"] < 60


def test_an_old_batch_is_a_problem_that_is_named(api: TestClient) -> None:
    health = api.get("/health").json()

    assert health["status"] == "degraded"
    assert [problem["part"] for problem in health["problems"]] == ["recommendations"]
    assert "hours old" in health["problems"][0]["problem"]


def find_fallback_problem(api: TestClient, *, expected: bool) -> list[dict[str, str]]:
    """Wait until health names trouble with the local fallback, or no longer does."""
    deadline = time.monotonic() + 60
    while True:
        problems = [each for each in api.get("/health").json()["problems"] if each["part"] == "fallback"]
        if bool(problems) == expected:
            return problems
        assert time.monotonic() < deadline, f"problems of the fallback: {problems}"
        time.sleep(0.2)


def test_a_fallback_that_cannot_be_renewed_is_named_until_it_can(
    published_shop: Engine, open_api: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.application.REFRESH_SECONDS", 0.1)

    def fail(*_: object) -> None:
        raise TypeError("a mistake of our own")

    with monkeypatch.context() as mistaken:
        mistaken.setattr("api.application.read_fallback_copy", fail)
        api = open_api()
        [problem] = find_fallback_problem(api, expected=True)

    assert problem["problem"] == "the local fallback is not renewed: TypeError"
    assert "log" in problem["remedy"]
    assert find_fallback_problem(api, expected=False) == []


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        (None, "its scoring has not begun"),
        ({"state": "writing"}, "it is being scored, buckets written: 1"),
        (
            {"state": "refused", "audit": {"coverage": {"passed": False}, "nan": {"passed": True}}},
            "the audit refused its lists, broken rules: coverage",
        ),
    ],
    ids=["not begun", "under way", "refused"],
)
def test_lists_that_are_behind_the_alias_are_named_and_why(
    published_shop: Engine, open_api: Callable[..., TestClient], batch: dict[str, Any] | None, why: str
) -> None:
    moved = datetime.now(UTC) - timedelta(seconds=30)
    with session_scope(published_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=moved))
        session.add(alias_row("6", "7", moved - timedelta(days=1)))
        session.add(alias_row("7", "8", moved))
        if batch:
            session.add(RecommendationBatch(batch_id="b-8", epoch=99, as_of=moved, model_version="8", **batch))
            session.flush()
            session.add(BatchBucket(batch_id="b-8", bucket=0, num_users=1, num_rows=1, checksum="0", facts={}))

    health = open_api().get("/health").json()

    assert (health["status"], health["champion_version"], health["model_version"]) == ("degraded", "8", "7")
    assert 30 <= health["lists_behind_seconds"] < 60
    [problem] = health["problems"]
    assert "the lists are of version 7, the alias champion has named version 8 for 3" in problem["problem"]
    assert why in problem["problem"]
    assert "score_users" in problem["remedy"]


def test_an_alias_that_was_taken_away_is_named(published_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    now = datetime.now(UTC)
    with session_scope(published_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=now))
        session.add(alias_row("7", None, now))

    [problem] = open_api().get("/health").json()["problems"]

    assert "version 7 carried the alias, and none does now" in problem["problem"]
    assert "make promote" in problem["remedy"]


def test_lists_of_the_champion_are_not_behind(published_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    with session_scope(published_shop) as session:
        session.add(alias_row("6", "7", datetime.now(UTC)))

    health = open_api().get("/health").json()

    assert (health["champion_version"], health["lists_behind_seconds"]) == ("7", None)


def test_lists_are_behind_since_the_alias_moved_not_since_it_was_set_again_or_told_of(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    now = datetime.now(UTC)
    again = alias_row("8", "8", now - timedelta(seconds=5))
    again.action = SET_AGAIN
    with session_scope(published_shop) as session:
        session.add(alias_row("7", "8", now - timedelta(seconds=30)))
        session.add(again)
        session.flush()
        session.add(alias_row("6", "7", now - timedelta(seconds=60)))

    health = open_api().get("/health").json()

    assert (health["champion_version"], health["lists_behind_seconds"] >= 30) == ("8", True)


@pytest.mark.parametrize(("files", "is_behind"), [("a" * 64, False), ("b" * 64, True)], ids=["same", "others"])
def test_lists_of_another_version_of_the_same_number_are_behind(
    published_shop: Engine, open_api: Callable[..., TestClient], files: str, is_behind: bool
) -> None:
    now = datetime.now(UTC)
    publish_by_hand(published_shop, batch_id=f"20260125T120000Z-{name_model(7, 'a' * 64)}-snapshot", epoch=2)
    with session_scope(published_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=now, model_version="7"))
        session.add(alias_row("7", "7", now, name_model(7, files)))

    health = open_api().get("/health").json()

    assert (health["champion_version"], health["lists_behind_seconds"] is not None) == ("7", is_behind)
    of_lists = [problem["problem"] for problem in health["problems"] if problem["problem"].startswith("the lists")]
    assert [problem.partition(" for ")[0] for problem in of_lists] == [
        "the lists are of version 7, the alias champion has named another version 7"
    ] * is_behind
    assert all(problem.endswith("its scoring has not begun") for problem in of_lists)


def alias_row(before: str | None, after: str | None, moved: datetime, model: str | None = None) -> AuditLog:
    row = AuditLog(actor="MLflow", action="promote", subject="alias/champion", from_value=before, to_value=after)
    row.occurred_at, row.details = moved, {"model": model}
    return row


def test_nothing_published_is_a_problem_with_a_remedy(tiny_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    [problem] = open_api().get("/health").json()["problems"]

    assert problem["problem"] == "no batch has been published yet"
    assert "score_users" in problem["remedy"]


def test_what_keeps_the_model_server_from_the_right_version_is_named(
    api: TestClient, model_server: ModelServer
) -> None:
    model_server.failure = "version 9 is refused: model.onnx was altered"

    problems = {problem["part"]: problem for problem in api.get("/health").json()["problems"]}

    assert problems["model_server"]["problem"] == "version 9 is refused: model.onnx was altered"
    assert "goes on ranking with the version that it holds" in problems["model_server"]["remedy"]


def test_a_model_server_that_ranks_nobody_is_told_from_one_that_goes_on(
    api: TestClient, model_server: ModelServer
) -> None:
    model_server.status = 503

    problems = {problem["part"]: problem for problem in api.get("/health").json()["problems"]}

    assert "get popular products" in problems["model_server"]["remedy"]


def test_metrics_count_pages_by_rung(api: TestClient) -> None:
    api.get("/recommendations/home", params={"user_id": 1, "limit": 2})
    api.get("/recommendations/home", params={"user_id": "x"})

    metrics = api.get("/metrics").text

    assert 'api_home_pages_total{rungs="published"} 1.0' in metrics
    assert 'api_request_seconds_count{route="/recommendations/home",status="200"} 1.0' in metrics
    assert 'api_request_seconds_count{route="/recommendations/home",status="422"} 1.0' in metrics


def test_the_description_is_shown_without_another_server(api: TestClient) -> None:
    page = api.get("/docs")

    own = [path.split("?")[0] for path in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
    assert page.status_code == 200
    assert len(own) == 3
    assert all(path.startswith("/") and not path.startswith("//") for path in own)
    assert [api.get(path).status_code for path in own] == [200] * 3
    assert "https://" not in page.text


def test_unknown_paths_and_methods_get_the_one_shape(api: TestClient) -> None:
    for answer, code in [(api.get("/nothing"), "not_found"), (api.delete("/events"), "method_not_allowed")]:
        assert answer.json()["error"]["code"] == code


def test_the_committed_description_is_fresh() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == render_openapi(), "run `python -m api.openapi` and commit"
