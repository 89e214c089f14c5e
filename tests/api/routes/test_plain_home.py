"""Whichever way a request for a homepage goes, the answer is the same: body, status and headers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine

from api.application import create_app
from api.pages.answer import HomeAnswer
from api.routes.home import HomeResponse
from api.web.auth import Authenticator
from settings import Settings
from tests.api.conftest import PATIENT

HOME = "/recommendations/home"
AGE = "x-batch-age-seconds"
KEY = "k" * 43
DEVELOPMENT_SERVER = "http://localhost:5173"
BY_THE_ROUTE = "&explain=false"
"""Changes nothing but the way."""

USERS = st.sampled_from(["0", "1", "2", "3", "4", "01", "+2", "9999", "-1", "", "x", "9" * 18, "9" * 19, "1 "])
LIMITS = st.sampled_from(["", *map("&limit={}".format, ("1", "20", "100", "0", "00", "07", "101", "-1", "x", ""))])
OTHERS = st.sampled_from(["", "&explain=true", "&explain=maybe", "&limit=2", "&user_id=2", "&unknown=1", "&"])
QUERIES = st.one_of(
    st.builds("user_id={}{}{}".format, USERS, LIMITS, OTHERS), st.sampled_from(["limit=3", "explain=true", "x=1"])
)
TOKENS = st.sampled_from(["none", "own", "another", "expired", "false", "basic"])


class Shops:
    """The same shop under both kinds of API, and who asks them."""

    def __init__(self, development: TestClient, production: TestClient):
        self.apis = {"development": development, "production": production}

    def ask(self, kind: str, query: str, token: str, origin: str | None) -> Response:
        headers = self._authorize(token, query) | ({"Origin": origin} if origin else {})
        return self.apis[kind].get(f"{HOME}?{query}", headers=headers)

    def _authorize(self, token: str, query: str) -> dict[str, str]:
        user_id = "".join(filter(str.isdigit, query.partition("&")[0])) or "1"
        hour = timedelta(hours=1)
        tokens: dict[str, Callable[[], Any]] = {
            "own": lambda: Authenticator(KEY).issue(user_id, hour),
            "another": lambda: Authenticator(KEY).issue("77", hour),
            "expired": lambda: Authenticator(KEY).issue(user_id, -hour),
            "false": lambda: "not.a.token",
        }
        if token == "basic":
            return {"Authorization": "Basic MTpwYXNz"}
        return {"Authorization": f"Bearer {tokens[token]()}"} if token in tokens else {}


@pytest.fixture
def shops(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> Iterator[Shops]:
    common = {
        "var_dir": tmp_path,
        "shop_database_url": sqlite_url,
        "platform_database_url": sqlite_url,
        "serving_url": "http://127.0.0.1:9",
    }
    strict = {"environment": "production", "api_token_key": SecretStr(KEY), "requests_per_minute": 10**6}
    strict |= {"allowed_hosts": "testserver"}
    with (
        TestClient(create_app(Settings.model_validate(common), PATIENT)) as development,
        TestClient(create_app(Settings.model_validate(common | strict), PATIENT)) as production,
    ):
        yield Shops(development, production)


def describe(answer: Response) -> tuple[int, Any, dict[str, str]]:
    """Return all that two answers to the same question must have in common.

    Ids and ages are of their moment. `Vary` is the development server's alone, for caches that keep no page.
    """
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", AGE, "vary")}
    body = answer.json()
    if "error" in body:
        body["error"].pop("request_id")
    return answer.status_code, body, headers


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["development", "production"]),
    query=QUERIES,
    token=TOKENS,
    origin=st.sampled_from([None, None, DEVELOPMENT_SERVER, "https://elsewhere.example"]),
)
def test_both_ways_give_the_same_answer(shops: Shops, kind: str, query: str, token: str, origin: str | None) -> None:
    usual = query if "explain" in query else f"{query}{BY_THE_ROUTE}"

    quick_answer, usual_answer = shops.ask(kind, query, token, origin), shops.ask(kind, usual, token, origin)

    assert describe(quick_answer) == describe(usual_answer)
    assert (AGE in quick_answer.headers) == (AGE in usual_answer.headers)
    assert kind == "development" or "vary" not in usual_answer.headers


@pytest.mark.parametrize(
    "user", ["user_id=1&", "user_id=3&", "user_id=9999&", ""], ids=["listed", "new", "unknown", "guest"]
)
def test_reasons_change_no_page(api: TestClient, user: str) -> None:
    page, explained = api.get(f"{HOME}?{user}limit=4"), api.get(f"{HOME}?{user}limit=4&explain=true")

    products = explained.json()["recommendations"]
    assert page.json()["recommendations"] == [
        {name: product[name] for name in page.json()["recommendations"][0]} for product in products
    ]
    assert page.json()["user_nickname"] == explained.json()["user_nickname"]
    for name in ("x-batch-id", "x-model-version", "x-rung", "cache-control", "content-type"):
        assert page.headers.get(name) == explained.headers.get(name)
    assert all(product["reason"] for product in products)


@pytest.mark.parametrize(
    ("query", "headers", "is_plain"),
    [
        ("user_id=1", {}, True),
        ("user_id=9999&limit=100", {}, True),
        ("user_id=1&explain=true", {}, False),
        ("limit=3", {}, False),
        ("user_id=1", {"Origin": DEVELOPMENT_SERVER}, False),
        ("user_id=1&limit=101", {}, False),
    ],
    ids=str,
)
def test_plain_requests_alone_are_answered_before_the_framework(
    api: TestClient, monkeypatch: pytest.MonkeyPatch, query: str, headers: dict[str, str], is_plain: bool
) -> None:
    answered: list[HomeAnswer] = []

    class NotedResponse(HomeResponse):
        def __init__(self, body: bytes, answer: HomeAnswer):
            answered.append(answer)
            super().__init__(body, answer)

    monkeypatch.setattr("api.routes.plain_home.HomeResponse", NotedResponse)

    assert api.get(f"{HOME}?{query}", headers=headers).status_code in (200, 422)

    assert bool(answered) is is_plain


def test_other_methods_go_the_routes_way(api: TestClient) -> None:
    assert api.delete(f"{HOME}?user_id=1").status_code == 405


def test_another_origin_is_told_whether_it_may_read(api: TestClient) -> None:
    theirs = api.get(f"{HOME}?user_id=1", headers={"Origin": DEVELOPMENT_SERVER})
    own = api.get(f"{HOME}?user_id=1")

    assert theirs.headers["access-control-allow-origin"] == DEVELOPMENT_SERVER
    assert theirs.content == own.content
    assert "access-control-allow-origin" not in own.headers
