"""The page of shelves in the order that shoppers like: what orders it, what it says of that, and what it costs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, update

from api.pages import shelf_order
from settings import Settings
from shop.database import session_scope
from shop.tables import RecommendationBatch
from tests.api.conftest import BATCH
from tests.api.pages.test_shelves import SHELVES, shop  # noqa: F401  (a fixture)

BY_RULE = ["buy_again", "new_for_you", "because_you_bought", "popular", "just_in"]
LIKED = {"just_in": 900, "buy_again": 500, "popular": 300, "because_you_bought": 200, "new_for_you": 100}


def keep(engine: Engine, statistics: Any) -> None:
    with session_scope(engine) as session:
        session.execute(update(RecommendationBatch).values(shelf_statistics=statistics))


def liked(kind: str = "lapsed", age: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    """Statistics of a kind of shoppers; user 1 ordered last five weeks ago, and is lapsed."""
    rows = [[kind, code, 10_000, clicks, 0] for code, clicks in LIKED.items()]
    return {"until": (datetime.now(UTC) - age).isoformat(), "engagement": rows}


def read(api: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(SHELVES, params={"user_id": 1, "limit": 5} | query)
    assert answer.status_code == 200
    shelves: list[dict[str, Any]] = answer.json()["shelves"]
    return shelves


def codes(shelves: list[dict[str, Any]]) -> list[str]:
    return [shelf["code"] for shelf in shelves]


@pytest.fixture
def without_exploration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELVES_EXPLORED_SHARE", "0")


def open_with(monkeypatch: pytest.MonkeyPatch, open_api: Callable[..., TestClient], **settings: str) -> TestClient:
    """Start an API with settings from the environment."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert Settings().shelves_least_clicks
    return open_api()


@pytest.mark.usefixtures("without_exploration")
def test_what_shoppers_of_the_kind_like_stands_first(
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
) -> None:
    before = read(open_api())
    keep(shop, liked())

    after = read(open_api())

    assert codes(before) == BY_RULE
    assert codes(after) == list(LIKED)
    assert [(shelf["place"], shelf["propensity"]) for shelf in after] == [(place, 1.0) for place in range(5)]
    products = {shelf["code"]: shelf["products"] for shelf in before}
    assert {shelf["code"]: shelf["products"] for shelf in after} == products


@pytest.mark.parametrize(
    ("statistics", "least_clicks"),
    [
        (None, "1000"),
        ({"until": "once", "engagement": []}, "1000"),
        (liked(age=timedelta(days=8)), "1000"),
        (liked(), "2001"),
    ],
    ids=["none", "broken", "old", "few clicks"],
)
def test_without_statistics_that_tell_enough_the_rule_orders(
    monkeypatch: pytest.MonkeyPatch,
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
    statistics: Any,
    least_clicks: str,
) -> None:
    keep(shop, statistics)
    settings = {"SHELVES_LEAST_CLICKS": least_clicks, "SHELVES_EXPLORED_SHARE": "0.4"}

    shelves = read(open_with(monkeypatch, open_api, **settings))

    assert codes(shelves) == BY_RULE
    assert [shelf["propensity"] for shelf in shelves] == [1.0] * 5


def test_explored_pages_say_how_likely_they_were(
    monkeypatch: pytest.MonkeyPatch,
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
) -> None:
    keep(shop, liked())
    monkeypatch.setattr(shelf_order, "_draw", lambda *_: 199)  # the last step in which the second pair is exchanged

    shelves = read(open_with(monkeypatch, open_api, SHELVES_EXPLORED_SHARE="0.4"))

    first, second, third, *rest = LIKED
    assert codes(shelves) == [first, third, second, *rest]
    assert [shelf["propensity"] for shelf in shelves] == [0.9, 0.1, 0.1, 0.8, 0.9]


def test_guests_have_an_order_of_their_own_and_explore_nothing(
    monkeypatch: pytest.MonkeyPatch,
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
) -> None:
    keep(shop, liked("guest"))
    api = open_with(monkeypatch, open_api, SHELVES_EXPLORED_SHARE="0.4")

    guest = api.get(SHELVES, params={"limit": 5}).json()["shelves"]

    assert [(shelf["code"], shelf["propensity"]) for shelf in guest] == [("just_in", 1.0), ("popular", 1.0)]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that any engine executes from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("without_exploration")
def test_statistics_cost_no_statement(
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
    statements: list[str],
) -> None:
    executed, orders = list[list[str]](), []
    for statistics in (None, liked()):
        keep(shop, statistics)
        statements.clear()
        api = open_api()
        read(api)
        with_statistics = [each for each in statements if "shelf_statistics" in each]
        statements.clear()
        orders.append(codes(read(api)))
        executed.append(sorted(each for each in statements if is_of_batch(each)))

    assert orders == [BY_RULE, list(LIKED)]
    assert executed[0] == executed[1]
    assert with_statistics
    assert all("popular_lists" in each for each in with_statistics)


def is_of_batch(statement: str) -> bool:
    return any(table in statement for table in ("recommendation", "popular_lists", "product_neighbours", "events"))


def test_what_an_answer_says_is_what_events_tell(
    shop: Engine,  # noqa: F811
    open_api: Callable[..., TestClient],
) -> None:
    keep(shop, liked())
    api = open_api()
    answer = api.get(SHELVES, params={"user_id": 1})
    shelf = answer.json()["shelves"][0]
    headers = answer.headers
    source = {"request_id": headers["x-request-id"], "batch_id": BATCH, "model_version": headers["x-model-version"]}
    source |= {"rung": headers["x-rung"], "shelf": shelf["code"]}
    source |= {"place": shelf["place"], "propensity": shelf["propensity"]}
    told = {"event_key": "a", "event_type": "impression", "product_id": shelf["products"][0]["product_id"]}
    told |= {"user_id": 1, "occurred_at": datetime.now(UTC).isoformat(), "position": 0}

    receipt = api.post("/events", json={"events": [told | source]})

    assert receipt.json() == {"accepted": 1, "duplicates": 0, "refused": 0}
