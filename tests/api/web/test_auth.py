"""Tokens in a shop whose ids are text: their subject is the shop's own id."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from api.application import create_app
from api.web.auth import Authenticator
from settings import Settings
from tests.api.conftest import PATIENT, TEXTS

HOME = "/recommendations/home"
KEY = "k" * 43


@pytest.fixture
def strict(text_shop: Engine, tmp_path: Path, sqlite_url: str) -> Iterator[TestClient]:
    """An API that asks for tokens, and hands them out."""
    values: dict[str, Any] = {"environment": "production", "api_token_key": SecretStr(KEY), "allowed_hosts": "*"}
    values |= {"demo_shoppers": True, "requests_per_minute": 100_000}
    values |= {"shop_database_url": sqlite_url, "platform_database_url": sqlite_url}
    with TestClient(create_app(Settings(var_dir=tmp_path, **values), PATIENT)) as client:
        yield client


def bearer(subject: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {Authenticator(KEY).issue(subject, timedelta(hours=1))}"}


def ask_as(api: TestClient, user_id: str, subject: str) -> list[int]:
    """Speak of a user on every route that speaks of one."""
    headers, cart = bearer(subject), {"user_id": user_id, "items": [{"product_id": "0012", "quantity": 1}]}
    event = {"event_key": "e", "event_type": "click", "product_id": "0012", "request_id": "r", "user_id": user_id}
    event |= {"occurred_at": datetime.now(UTC).isoformat()}
    return [
        api.get(HOME, params={"user_id": user_id}, headers=headers).status_code,
        api.get("/products/0012", params={"user_id": user_id}, headers=headers).status_code,
        api.get(f"/users/{quote(user_id, safe='')}/orders", headers=headers).status_code,
        api.post("/events", json={"events": [event]}, headers=headers).status_code,
        api.post("/orders/quote", json=cart, headers=headers).status_code,
        api.post("/orders", json=cart | {"order_key": "c"}, headers=headers).status_code,
    ]


def test_the_subject_of_a_token_is_the_shops_own_id(strict: TestClient) -> None:
    assert ask_as(strict, "a", "a") == [200, 200, 200, 202, 200, 201]
    assert ask_as(strict, "a", "A") == [403] * 6
    assert ask_as(strict, "a", "2") == [403] * 6
    assert ask_as(strict, "x ", "x") == [403] * 6


def test_who_signed_up_a_moment_ago_gets_a_page_with_their_own_token(strict: TestClient) -> None:
    answer = strict.get(HOME, params={"user_id": "just signed up"}, headers=bearer("just signed up"))

    assert (answer.status_code, answer.json()["user_nickname"]) == (200, "")


def test_the_tokens_of_a_demonstration_are_those_of_its_shoppers(strict: TestClient) -> None:
    shoppers = strict.get("/users").json()["users"]

    assert {each["user_id"] for each in shoppers} <= set(TEXTS["users"].values())
    for each in shoppers:
        headers = {"Authorization": f"Bearer {each['token']}"}
        assert strict.get(HOME, params={"user_id": each["user_id"]}, headers=headers).status_code == 200
