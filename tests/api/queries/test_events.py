from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from api.queries.events import write_events
from api.schemas import ShopperEvent
from api.web.request_ids import SHOWN_BY_ANSWER, UNVERIFIED
from shop.database import session_scope
from shop.tables import Event
from tests.api.conftest import BATCH

NOW = datetime.now(UTC)
SEOUL = timezone(timedelta(hours=9))


def event(key: str, **fields: Any) -> dict[str, Any]:
    base = {"event_key": key, "event_type": "click", "product_id": 1, "user_id": 1, "request_id": "r-1", "position": 0}
    return base | {"occurred_at": NOW.astimezone(SEOUL).isoformat(), "batch_id": "b-1", "model_version": "7"} | fields


def test_events_are_written_with_all_that_they_say(api: TestClient, published_shop: Engine) -> None:
    named = name_answer(api, "/recommendations/home")
    events = [event("a", **named), event("b", event_type="cart", user_id=None, **named)]

    answer = api.post("/events", json={"events": events})

    assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "duplicates": 0, "refused": 0})
    with session_scope(published_shop) as session:
        first, second = session.scalars(select(Event).order_by(Event.event_key)).all()
        assert (first.event_type, first.user_id, first.position, first.batch_id) == ("click", 1, 0, BATCH)
        assert first.occurred_at == NOW
        assert (second.event_type, second.user_id) == ("cart", None)


def name_answer(api: TestClient, path: str, **params: Any) -> dict[str, Any]:
    """Ask for products, and name the answer as the storefront does."""
    headers = api.get(path, params=params).headers
    names = {"batch_id": "x-batch-id", "model_version": "x-model-version", "rung": "x-rung", "arm": "x-arm"}
    return {"request_id": headers["x-request-id"]} | {name: headers.get(header) for name, header in names.items()}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/recommendations/home", {"user_id": 1}),
        ("/recommendations/home", {"user_id": 1, "explain": True}),
        ("/recommendations/home", {}),
        ("/recommendations/shelves", {"user_id": 1}),
        ("/products/1", {"user_id": 1}),
        ("/products/1/similar", {}),
        ("/products", {"query": "milk"}),
    ],
    ids=str,
)
def test_an_answer_that_was_given_is_believed(
    api: TestClient, published_shop: Engine, path: str, params: dict[str, Any]
) -> None:
    named = name_answer(api, path, **params)

    named |= {"shelf": "buy_again", "place": 2, "propensity": 0.987}

    answer = api.post("/events", json={"events": [event("a", **named)]})

    assert answer.json() == {"accepted": 1, "duplicates": 0, "refused": 0}
    with session_scope(published_shop) as session:
        written = session.scalars(select(Event)).one()
        assert {name: getattr(written, name) for name in named} == named
        assert written.position == 0


@pytest.mark.parametrize(
    ("others", "claimed"),
    [
        ({"user_id": 2}, {}),
        ({"user_id": 1}, {"user_id": None}),
        ({"user_id": 1}, {"model_version": "8"}),
        ({"user_id": 1}, {"arm": "challenger"}),
        ({"user_id": 1}, {"request_id": "r-1"}),
        ({"user_id": 1}, {"request_id": "f" * 32}),
    ],
    ids=["another shopper's", "a guest's claim", "another version", "another arm", "invented", "of before signatures"],
)
def test_an_answer_that_was_not_given_is_taken_and_not_believed(
    api: TestClient, published_shop: Engine, others: dict[str, Any], claimed: dict[str, Any]
) -> None:
    named = name_answer(api, "/recommendations/home", **others) | claimed
    named |= {"shelf": "buy_again", "place": 2, "propensity": 0.987}

    answer = api.post("/events", json={"events": [event("a", **named)]})

    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "refused": 0})
    with session_scope(published_shop) as session:
        written = session.scalars(select(Event)).one()
        assert (written.product_id, written.request_id) == (1, named["request_id"])
        assert written.rung == UNVERIFIED
        assert {getattr(written, name) for name in SHOWN_BY_ANSWER} == {None}
    assert "api_unverified_events_total 1.0" in api.get("/metrics").text


@pytest.mark.parametrize(
    "said", [{"place": -1}, {"propensity": 0}, {"propensity": 0.0001}, {"propensity": 1.5}], ids=str
)
def test_a_place_or_propensity_that_no_page_gives_is_refused(api: TestClient, said: dict[str, Any]) -> None:
    assert api.post("/events", json={"events": [event("a", **said)]}).status_code == 422


def test_the_same_event_again_changes_nothing(api: TestClient, published_shop: Engine) -> None:
    api.post("/events", json={"events": [event("a")]})

    answer = api.post("/events", json={"events": [event("a"), event("b"), event("b")]})

    assert answer.json() == {"accepted": 1, "duplicates": 2, "refused": 0}
    with session_scope(published_shop) as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 2


@pytest.mark.parametrize(
    "instant",
    [
        "9999-12-31T23:59:59-12:00",
        "1900-01-01T00:00:00Z",
        (NOW + timedelta(hours=1)).isoformat(),
        "2026-01-25T12:00:00Z",
    ],
    ids=["the last year", "the first year", "an hour ahead", "long ago"],
)
def test_an_event_of_another_time_is_refused_by_itself(api: TestClient, published_shop: Engine, instant: str) -> None:
    answer = api.post("/events", json={"events": [event("a", occurred_at=instant), event("b")]})

    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "refused": 1})


@pytest.mark.parametrize("other", [{"product_id": 5}, {"event_type": "cart"}, {"request_id": "r-2"}], ids=str)
def test_the_same_key_with_another_event_is_refused(api: TestClient, other: dict[str, Any]) -> None:
    together = api.post("/events", json={"events": [event("a"), event("a", **other)]})
    later = api.post("/events", json={"events": [event("a", **other)]})

    assert together.json() == {"accepted": 1, "duplicates": 0, "refused": 1}
    assert later.json() == {"accepted": 0, "duplicates": 0, "refused": 1}


@pytest.mark.parametrize("key", ["a", "k" * 100], ids=["short", "long"])
def test_nobody_uses_up_the_keys_of_others(api: TestClient, published_shop: Engine, key: str) -> None:
    answer = api.post("/events", json={"events": [event(key, user_id=user_id) for user_id in (1, 2, None)]})

    assert answer.json() == {"accepted": 3, "duplicates": 0, "refused": 0}


def test_no_event_blocks_an_order(api: TestClient) -> None:
    api.post("/events", json={"events": [event("order:cart-1:0"), event("order:cart-1:0", user_id=None)]})

    cart = {"order_key": "cart-1", "user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}
    assert api.post("/orders", json=cart).status_code == 201


def test_events_are_written_once_on_each_database(any_empty_shop: Engine) -> None:
    events = [ShopperEvent(**event(key)) for key in ("a", "b", "a")]

    assert [write_events(any_empty_shop, events).accepted for _ in range(2)] == [2, 0]


def test_keys_that_differ_by_spaces_at_their_end_are_keys_of_their_own_on_each_database(any_empty_shop: Engine) -> None:
    keys = ["a ", "a", "a  ", "A", "á", " ", "  ", "b\t", "b"]

    together = write_events(any_empty_shop, [ShopperEvent(**event(key)) for key in keys])
    one_by_one = [write_events(any_empty_shop, [ShopperEvent(**event(f"later {key}"))]) for key in keys]
    again = write_events(any_empty_shop, [ShopperEvent(**event(key)) for key in keys])

    assert (together.accepted, [receipt.accepted for receipt in one_by_one]) == (9, [1] * 9)
    assert (again.accepted, again.duplicates, again.refused) == (0, 9, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": []},
        {"events": [event("a", event_type="purchase")]},
        {"events": [event("a", event_type="order")]},
        {"events": [event("a", product_id=-1)]},
        {"events": [event("a", occurred_at="2026-01-25T12:00:00")]},
        {"events": [event("a", request_id="<b>")]},
        {"events": [event("a", price=1)]},
        {"events": [event(str(number)) for number in range(201)]},
    ],
    ids=["nothing", "empty", "type", "order", "product", "no time zone", "request id", "extra field", "too many"],
)
def test_malformed_events_get_422(api: TestClient, body: dict[str, Any]) -> None:
    answer = api.post("/events", json=body)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"


def test_a_body_beyond_the_limit_gets_413(api: TestClient) -> None:
    answer = api.post("/events", content=b"x" * 300_000)

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
