"""Answers while the model server is dead, slow, wrong or well again."""

import json
import time
from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.application import Deadlines
from tests.api.conftest import ModelServer

HOME = "/recommendations/home"

NO_PATIENCE = Deadlines(database=5, model_server=0.1)


def shown(answer: httpx.Response) -> list[int]:
    return [product["product_id"] for product in answer.json()["recommendations"]]


def test_a_product_of_the_model_servers_that_is_none_costs_itself(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    good = {"product_id": 6, "category_id": 3, "score": 0.5, "reason": "popular"}
    products = [good | {"product_id": 2**70}, good | {"score": None}, {"product_id": 3}, good]
    lists = [{"user_id": 3, "products": products}]
    model_server.body = json.dumps({"model_version": 8, "recommendations": lists}).encode()

    answer = open_api().get(HOME, params={"user_id": 3, "limit": 2})

    assert (shown(answer)[0], answer.headers["x-rung"]) == (6, "model,popular")


def test_the_model_server_is_told_how_long_its_answer_is_waited_for(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    open_api(NO_PATIENCE).get(HOME, params={"user_id": 3, "limit": 2})

    assert model_server.timeouts == ["100"]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"body": b"<html>"},
        {"body": b'{"recommendations": [{"user_id": 3, "products": [{"product_id": "x"}]}]}'},
        {"delay_seconds": 1.0},
    ],
    ids=["500", "503", "no JSON", "another shape", "late"],
)
def test_a_broken_model_server_leaves_the_lower_rungs(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer, fault: dict[str, object]
) -> None:
    model_server.answers = {3: [6, 3]}
    api = open_api(NO_PATIENCE)
    for name, value in fault.items():
        setattr(model_server, name, value)

    answer = api.get(HOME, params={"user_id": 3, "limit": 3})

    assert answer.status_code == 200
    assert shown(answer) == [1, 3, 5]
    assert answer.headers["x-rung"] == "popular"
    assert answer.headers["x-model-version"] == "7"


def test_a_model_server_that_fails_is_left_alone_for_a_while(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    model_server.status = 500
    api = open_api()

    for _ in range(10):
        assert api.get(HOME, params={"user_id": 3}).status_code == 200

    assert len(model_server.asked) == 3


def test_a_model_server_that_is_well_again_is_found_without_anybody_waiting_for_it(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    model_server.status = 500
    model_server.answers = {3: [6, 3]}
    api = open_api()
    for _ in range(3):
        api.get(HOME, params={"user_id": 3})
    model_server.status = 200

    deadline = time.monotonic() + 180
    while api.get(HOME, params={"user_id": 3, "limit": 2}).headers["x-rung"] != "model":
        assert time.monotonic() < deadline, "the model server was not tried again"
        time.sleep(0.1)
