"""The model server, as far as it goes without a network: the class, then the application over ASGI."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bentoml.exceptions import ServiceUnavailable
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving import service
from serving.batch.job import publish_scores
from serving.online.answers import answer_cart
from serving.online.deadline import HEADER
from serving.online.schemas import CartRanking
from settings import Settings
from tests.serving.conftest import AS_OF, ScriptedRegistry, TrainedShop
from tests.serving.stored_lists import read_stored_rows

ASKED_SECONDS = 8


@pytest.fixture(scope="module")
def installed(trained_shop: TrainedShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedRegistry]:
    """The service's settings and registry are the tests'."""
    home = tmp_path_factory.mktemp("service")
    registry = ScriptedRegistry({"champion": 1}, {1: trained_shop.folder})
    settings = Settings(var_dir=home, ml_store_uri=trained_shop.store.uri, champion_poll_seconds=3600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "load_settings", lambda: settings)
        patch.setattr(service, "connect", lambda *_: registry)
        yield registry


@pytest.fixture(scope="module")
def client(installed: ScriptedRegistry) -> Iterator[TestClient]:
    """The service over ASGI; once, since BentoML's metrics can be registered once a process."""
    with TestClient(service.Recommender.to_asgi()) as client:  # type: ignore[attr-defined]  # BentoML's decorator
        yield client


def test_the_class_ranks_known_users_and_names_the_unknown(
    installed: ScriptedRegistry, trained_shop: TrainedShop
) -> None:
    recommender = service.Recommender.inner()  # type: ignore[attr-defined]

    answer = asyncio.run(recommender.recommend(user_ids=[7, 999_999, 3, 7], k=5))

    recommender.stop()
    assert (answer.model_version, answer.as_of) == (1, AS_OF)
    assert [each.user_id for each in answer.recommendations] == [3, 7]
    assert [len(each.products) for each in answer.recommendations] == [5, 5]
    assert answer.unknown_user_ids == [999_999]


def test_the_garbage_collector_leaves_out_what_a_worker_loaded_at_its_start(installed: ScriptedRegistry) -> None:
    gc.unfreeze()

    recommender = service.Recommender.inner()  # type: ignore[attr-defined]

    recommender.stop()
    assert gc.get_freeze_count() > len(gc.get_objects())


def test_online_and_batch_agree_to_1e_6(client: TestClient, trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    scoring = trained_shop.score_as(1, shop_of_version)
    publication = publish_scores(scoring, "champion", tell=str)
    user_ids = trained_shop.snapshot.user_ids().tolist()

    answers = [client.post("/recommend", json={"user_ids": [user_id], "k": 100}).json() for user_id in user_ids[:40]]

    everything = read_stored_rows(shop_of_version, publication.batch_id)
    stored = {user_id: rows for (user_id,), rows in everything.group_by(["user_id"], maintain_order=True)}
    for answer in answers:
        [ranked] = answer["recommendations"]
        rows = stored[ranked["user_id"]]
        assert [each["product_id"] for each in ranked["products"]] == rows["product_id"].to_list()
        assert [each["reason"] for each in ranked["products"]] == rows["reason"].to_list()
        np.testing.assert_allclose([each["score"] for each in ranked["products"]], rows["score"], rtol=0, atol=1e-6)


def test_a_cart_is_ranked_for_a_user_and_for_anybody(client: TestClient, trained_shop: TrainedShop) -> None:
    complements = trained_shop.snapshot.complements.sort("weight", descending=True)
    cart = complements["product_id"].head(1).to_list()

    answers = [
        client.post("/recommend_cart", json={"product_ids": cart, "k": 10} | owner).json()
        for owner in ({"user_id": 3}, {"user_id": None}, {})
    ]

    for answer in answers:
        assert (answer["model_version"], answer["as_of"]) == (1, "2026-07-01T00:00:00Z")
        assert set(cart).isdisjoint(each["product_id"] for each in answer["products"])
    assert len(answers[0]["products"]) == 10
    assert answers[1] == answers[2]
    assert {each["goes_with"] for each in answers[1]["products"]} == set(cart)
    for body in ({}, {"product_ids": list(range(51))}, {"product_ids": [-1]}, {"product_ids": cart, "user_id": "x"}):
        assert client.post("/recommend_cart", json=body).status_code == 400


def test_a_list_is_ranked_again_by_an_order_and_names_its_batch(client: TestClient, trained_shop: TrainedShop) -> None:
    listed = client.post("/recommend", json={"user_ids": [3], "k": 30}).json()["recommendations"][0]["products"]
    product_ids = [each["product_id"] for each in listed]
    line = {"order_id": 1, "product_id": product_ids[0], "quantity": 1, "unit_price": 2.5}
    since = [line | {"ordered_at": "2026-07-01T10:00:00+09:00"}]
    body: dict[str, object] = {"user_id": 3, "since": since, "product_ids": product_ids}

    answers = [client.post("/recommend_again", json=each).json() for each in (body, body | {"since": []})]

    for answer in answers:
        assert (answer["model_version"], answer["as_of"]) == (1, "2026-07-01T00:00:00Z")
        assert answer["batch_id"] == trained_shop.batch_id(1)
    after, before = ({each["product_id"]: each["score"] for each in answer["products"]} for answer in answers)
    np.testing.assert_allclose(list(before.values()), [each["score"] for each in listed], rtol=0, atol=1e-6)
    assert set(after) >= set(before)
    assert after[product_ids[0]] != pytest.approx(before[product_ids[0]], abs=1e-6)
    new = client.post("/recommend_again", json=body | {"user_id": 999_999, "product_ids": []}).json()
    assert {each["reason"] for each in new["products"]} > {"bought_before"}
    for wrong in (
        {"user_id": None},
        {"since": [line]},
        {"since": [since[0] | {"quantity": 0}]},
        {"since": since * 301},
    ):
        assert client.post("/recommend_again", json=body | wrong).status_code == 400


def test_categories_are_probabilities_likeliest_first(client: TestClient) -> None:
    answer = client.post("/score", json={"user_ids": [3, 999_999]}).json()

    [user] = answer["scores"]
    scores = [each["score"] for each in user["categories"]]
    assert len(scores) == 16
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert answer["unknown_user_ids"] == [999_999]


def test_readiness_and_status(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
    status = client.post("/status", json={}).json()
    assert status.pop("model").startswith("v1-")
    assert status == {
        "model_version": 1,
        "run_id": "run-of-1",
        "as_of": "2026-07-01T00:00:00Z",
        "refused_version": None,
        "failure": None,
    }


def test_without_a_champion_it_is_not_ready_and_says_why(
    installed: ScriptedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "load_settings", lambda: Settings(var_dir=tmp_path))
    monkeypatch.setattr(installed, "aliases", {})
    recommender = service.Recommender.inner()  # type: ignore[attr-defined]

    with pytest.raises(ServiceUnavailable, match="carries the alias 'champion' yet"):
        asyncio.run(recommender.recommend(user_ids=[3], k=5))

    recommender.stop()
    assert recommender.__is_ready__() is False
    assert asyncio.run(recommender.status()).model_version is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_ids": []},
        {"user_ids": [3], "k": 0},
        {"user_ids": [3], "k": 101},
        {"user_ids": ["x"]},
        {"user_ids": [2**63]},
        {"user_ids": list(range(1001))},
    ],
    ids=["nothing", "no users", "k too small", "k too large", "no number", "too large", "too many"],
)
def test_malformed_input_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/recommend", json=body).status_code == 400


def test_the_state_is_said_while_all_threads_rank(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()

    def rank_later(*asked: Any) -> CartRanking:
        may_go_on.wait(ASKED_SECONDS)
        return answer_cart(*asked)

    monkeypatch.setattr(service, "answer_cart", rank_later)
    with ThreadPoolExecutor(9) as threads:
        asked = [threads.submit(client.post, "/recommend_cart", json={"product_ids": [1]}) for _ in range(8)]

        state = threads.submit(client.post, "/status").result(timeout=ASKED_SECONDS / 2)

        assert not any(each.done() for each in asked)
        may_go_on.set()
    assert state.json()["model_version"] == 1
    assert {each.result().status_code for each in asked} == {200}


def test_what_nobody_waits_for_any_more_is_not_ranked(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on, is_busy, ranked = threading.Event(), threading.Event(), []

    def rank_later(*asked: Any) -> CartRanking:
        ranked.append(asked[2])
        is_busy.set()
        may_go_on.wait(ASKED_SECONDS)
        return answer_cart(*asked)

    monkeypatch.setattr(service, "answer_cart", rank_later)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.post, "/recommend_cart", json={"product_ids": [1]})
        assert is_busy.wait(ASKED_SECONDS)
        late = client.post("/recommend_cart", json={"product_ids": [2]}, headers={HEADER: "50"})
        unlisted = client.post("/recommend", json={"user_ids": [3]}, headers={HEADER: "50"})
        may_go_on.set()
        assert first.result().status_code == 200

    after = client.post("/recommend", json={"user_ids": [3]}, headers={HEADER: "30000"})

    assert (late.status_code, unlisted.status_code, after.status_code) == (504, 504, 200)
    assert ranked == [[1]]
