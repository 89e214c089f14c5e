"""Production asks who speaks, how often, and how much; development does not."""

import json
import logging
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from api.application import create_app
from api.openapi import COMMITTED
from api.web.auth import Authenticator
from api.web.rate_limit import RateLimiter, name_client
from settings import Settings
from tests.api.conftest import PATIENT

KEY = "k" * 43
HOME = "/recommendations/home"
EVENT = {
    "event_key": "e",
    "event_type": "click",
    "product_id": 1,
    "request_id": "r",
    "occurred_at": datetime.now(UTC).isoformat(),
}
CART = {"order_key": "c", "user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}


def production(tmp_path: Path, url: str, **fields: Any) -> Settings:
    values: dict[str, Any] = {
        "environment": "production",
        "api_token_key": SecretStr(KEY),
        "requests_per_minute": 100_000,
    }
    values |= {"allowed_hosts": "testserver,*.shop.example", "api_metrics_token": SecretStr("m" * 43)}
    return Settings(var_dir=tmp_path, shop_database_url=url, platform_database_url=url, **(values | fields))


@pytest.fixture
def api(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> Iterator[TestClient]:
    with TestClient(create_app(production(tmp_path, sqlite_url), PATIENT)) as client:
        yield client


def bearer(user_id: int, key: str = KEY, lifetime: timedelta = timedelta(hours=1)) -> dict[str, str]:
    return {"Authorization": f"Bearer {Authenticator(key).issue(str(user_id), lifetime)}"}


def ask_as(api: TestClient, headers: dict[str, str]) -> list[int]:
    """Speak of user 1 on every route that speaks of a user."""
    return [
        api.get(HOME, params={"user_id": 1}, headers=headers).status_code,
        api.get("/products/1", params={"user_id": 1}, headers=headers).status_code,
        api.get("/users/1/orders", headers=headers).status_code,
        api.post("/events", json={"events": [EVENT | {"user_id": 1}]}, headers=headers).status_code,
        api.post("/orders", json=CART, headers=headers).status_code,
    ]


def test_a_shopper_may_speak_of_themselves_alone(api: TestClient) -> None:
    assert ask_as(api, bearer(1)) == [200, 200, 200, 202, 201]
    assert ask_as(api, bearer(2)) == [403] * 5
    assert ask_as(api, {}) == [401] * 5


@pytest.mark.parametrize(
    "headers",
    [
        bearer(1, key="x" * 43),
        bearer(1, lifetime=timedelta(hours=-1)),
        {"Authorization": "Bearer not.a.token"},
        {"Authorization": "Basic MTpwYXNz"},
        {"Authorization": f"Bearer {jwt.encode({'sub': '1', 'exp': 9999999999}, key='', algorithm='none')}"},
        {"Authorization": f"Bearer {jwt.encode({'sub': '1'}, KEY, algorithm='HS256')}"},
    ],
    ids=["another key", "expired", "nonsense", "another scheme", "unsigned", "without an end"],
)
def test_other_tokens_open_nothing(api: TestClient, headers: dict[str, str]) -> None:
    answer = api.get(HOME, params={"user_id": 1}, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_schemes_name_may_be_written_in_any_case(api: TestClient, scheme: str) -> None:
    token = bearer(1)["Authorization"].removeprefix("Bearer ")

    assert ask_as(api, {"Authorization": f"{scheme} {token}"}) == [200, 200, 200, 202, 201]


def test_the_description_names_the_token_on_every_route_that_may_ask_for_one() -> None:
    description = json.loads(COMMITTED.read_text(encoding="utf-8"))
    schemes = description["components"]["securitySchemes"]
    [scheme] = schemes.keys() - {"Admin"}
    kind = schemes[scheme]
    paths = description["paths"].items()
    operations = [each for path, methods in paths for each in methods.values() if not path.startswith("/admin/")]
    of_admin = [each for path, methods in paths for each in methods.values() if path.startswith("/admin/")]

    assert (kind["type"], kind["scheme"], kind["bearerFormat"]) == ("http", "bearer", "JWT")
    assert any("401" in each["responses"] for each in operations)
    assert all(({scheme: []} in each.get("security", [])) == ("401" in each["responses"]) for each in operations)
    assert all(each["security"] == [{"Admin": []}] and "401" in each["responses"] for each in of_admin)


def test_who_is_logged_out_needs_no_token(api: TestClient) -> None:
    assert api.get(HOME).status_code == 200
    assert api.get("/products/1").status_code == 200
    assert api.post("/events", json={"events": [EVENT]}).status_code == 202


def test_nobody_chooses_who_they_are_unless_it_is_a_demonstration(
    api: TestClient, tmp_path: Path, sqlite_url: str
) -> None:
    assert api.get("/users").status_code == 404

    with TestClient(create_app(production(tmp_path, sqlite_url, demo_shoppers=True), PATIENT)) as demo:
        token = {user["user_id"]: user["token"] for user in demo.get("/users").json()["users"]}[1]
        assert demo.get("/users/1/orders", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("key", ["", "changeme", "k" * 31])
def test_production_does_not_start_with_a_key_that_could_be_guessed(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="make secrets"):
        create_app(production(tmp_path, "sqlite:///x.db", api_token_key=SecretStr(key)))


def test_who_asks_too_often_waits(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> None:
    settings = production(tmp_path, sqlite_url, requests_per_minute=30)

    with TestClient(create_app(settings, PATIENT)) as api:
        answers = [api.get(HOME) for _ in range(8)]
        health = api.get("/health")

    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[7].status_code == 429
    assert answers[7].json()["error"]["code"] == "too_often"
    assert int(answers[7].headers["retry-after"]) >= 1
    assert health.status_code == 200


def test_a_bucket_fills_again_and_clients_do_not_share_one() -> None:
    now = 0.0
    limiter = RateLimiter(60, clock=lambda: now)

    assert [limiter.find_wait("a") for _ in range(11)] == [0.0] * 10 + [pytest.approx(1.0)]
    assert limiter.find_wait("b") == 0.0
    now = 1.0
    assert limiter.find_wait("a") == 0.0


def test_however_many_clients_ask_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.web.rate_limit.REMEMBERED_CLIENTS", 3)
    limiter = RateLimiter(6, clock=lambda: 0.0)

    waits = [limiter.find_wait(client) for client in ("a", "a", "b", "c", "a", "d", "a", "b", "b")]

    assert [wait > 0 for wait in waits] == [False, True, False, False, True, False, True, False, True]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", ""),
        ("192.0.2.7, 192.0.2.8", ""),
        ("x" * 10_000, ""),
    ],
    ids=["IPv4", "IPv4 in IPv6", "IPv6", "a word", "a list", "long"],
)
def test_a_client_is_named_by_its_address_and_made_up_ones_are_one_client(address: str, client: str) -> None:
    assert name_client(address) == client


def test_addresses_of_any_length_fill_no_memory() -> None:
    tracemalloc.start()
    try:
        names = {name_client(f"{number}{'z' * 30_000}") for number in range(300)}
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert names == {""}
    assert kept < 1_000_000


@pytest.mark.parametrize(
    ("trusted", "status"),
    [("", 429), ("192.0.2.0/24", 429), ("testclient", 200)],
    ids=["nobody", "others", "the client"],
)
def test_a_forwarded_address_counts_from_trusted_proxies_alone(
    published_shop: Engine, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, trusted: str, status: int
) -> None:
    async def look_up(name: str) -> frozenset[str]:  # the client of these tests has a word for an address
        return frozenset([name])

    monkeypatch.setattr("api.web.host_addresses.find_addresses", look_up)
    settings = production(tmp_path, sqlite_url, requests_per_minute=30).model_copy(update={"trusted_proxies": trusted})

    with TestClient(create_app(settings, PATIENT)) as api:
        answers = [api.get(HOME, headers={"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(8)]

    assert answers[7].status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("testserver", 200),
        ("TESTSERVER:8000", 200),
        ("eu.shop.example", 200),
        ("shop.example", 421),
        ("evil.test", 421),
        ("evil-shop.example", 421),
        ("testserver.evil.test", 421),
        ("", 421),
    ],
)
def test_only_hosts_that_the_server_goes_by_are_answered(api: TestClient, host: str, status: int) -> None:
    answer = api.get(HOME, headers={"Host": host})

    assert answer.status_code == status
    assert api.get("/health", headers={"Host": host}).status_code == 200


def test_no_answer_leads_to_the_host_that_a_request_names(api: TestClient) -> None:
    for path in ("/categories/", "/products/1/", "/users/1/orders/"):
        answer = api.get(path, follow_redirects=False)
        assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_metrics_ask_for_their_token_and_the_description_stays_inside(
    api: TestClient, published_shop: Engine, tmp_path: Path, sqlite_url: str
) -> None:
    assert api.get("/openapi.json").status_code == 404
    assert api.get("/metrics").status_code == 401
    assert api.get("/metrics", headers=bearer(1)).status_code == 401
    assert "api_request_seconds" in api.get("/metrics", headers={"Authorization": f"Bearer {'m' * 43}"}).text

    settings = production(tmp_path, sqlite_url, api_metrics_token=SecretStr(""))
    with TestClient(create_app(settings, PATIENT)) as without:
        assert without.get("/metrics").status_code == 404


def test_every_answer_carries_safe_headers(api: TestClient) -> None:
    for path in (HOME, "/products/1", "/products/999", "/health", "/nothing", f"{HOME}?user_id=x"):
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]
    assert "style-src" in api.get("/static/images/products/category1/product1.svg").headers["content-security-policy"]


def test_foreign_pages_may_not_call_in_production(api: TestClient) -> None:
    assert "access-control-allow-origin" not in api.get(HOME, headers={"Origin": "http://localhost:5173"}).headers
    assert api.get("/docs").status_code == 404


def test_a_body_that_hides_its_length_is_refused(api: TestClient) -> None:
    answer = api.post("/events", content=iter([b"{}"]))

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


def test_a_log_line_has_the_request_and_nothing_personal(
    api: TestClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, logger="api"):
        api.get("/users/1/orders", headers=bearer(1) | {"X-Request-Id": "page-7"})

    [line] = [line for line in capsys.readouterr().err.splitlines() if "api.web.middleware" in line]
    assert " INFO api.web.middleware request method=GET route=/users/{user_id}/orders status=200 milliseconds=" in line
    assert line.endswith("request_id=page-7")
