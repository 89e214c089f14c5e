"""The page of shelves: what stands on it, whose it is, and what is left of it when something fails."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text, update

from api.db.reader import DatabaseReader
from shop.database import session_scope
from shop.tables import (
    PopularList,
    Product,
    ProductNeighbours,
    Recommendation,
    RecommendationBatch,
)
from tests.api.conftest import BATCH, PATIENT, ModelServer, publish_by_hand
from tests.api.pages.test_home_rules import hold_coupon, order

SHELVES = "/recommendations/shelves"
BOUGHT, NEW, TOGETHER, NEWEST = range(100, 110), range(110, 130), range(130, 140), range(140, 150)
"""Products of user 1: bought five and six weeks ago, ranked and never bought, bought with 100, the shop's newest."""


@pytest.fixture
def shop(tiny_shop: Engine) -> Engine:
    """The tiny shop with fifty products more, and a list for user 1 of what they bought and what they did not."""
    with session_scope(tiny_shop) as session:
        session.add_all(
            Product(product_id=each, category_id=1 + each % 3, title=f"Thing {each}", price=each, stock=9)
            for each in range(100, 150)
        )
    publish_by_hand(tiny_shop, {2: [5]})
    entries = [[each, 1 + each % 3, 1 / each, "bought_before"] for each in BOUGHT]
    entries += [[each, 1 + each % 3, 1 / each, "favourite_type"] for each in NEW]
    together = [[each, 1 + each % 3, 1 / each, "bought_together"] for each in TOGETHER]
    newest = [[each, 1 + each % 3, 0.0, "new"] for each in NEWEST]
    with session_scope(tiny_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=datetime.now(UTC)))
        session.add(Recommendation(batch_id=BATCH, user_id=1, products=entries))
        session.add(ProductNeighbours(batch_id=BATCH, product_id=100, products=together))
        session.execute(update(PopularList).where(PopularList.scope == "newest").values(products=newest))
    for product_id in BOUGHT:
        for weeks in (5, 6):
            order(tiny_shop, product_id, datetime.now(UTC) - timedelta(weeks=weeks))
    return tiny_shop


def read(api: TestClient, **query: Any) -> dict[str, dict[str, Any]]:
    answer = api.get(SHELVES, params={"user_id": 1} | query)
    assert answer.status_code == 200
    return {shelf["code"]: shelf for shelf in answer.json()["shelves"]}


def ids(shelf: dict[str, Any]) -> list[int]:
    return [product["product_id"] for product in shelf["products"]]


def test_a_shopper_has_a_shelf_for_each_intent(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    answer = open_api().get(SHELVES, params={"user_id": 1, "limit": 5})

    shelves = {shelf["code"]: shelf for shelf in answer.json()["shelves"]}
    assert answer.json()["user_nickname"] == "민지"
    assert list(shelves) == ["buy_again", "new_for_you", "because_you_bought", "popular", "just_in"]
    assert ids(shelves["buy_again"]) == [100, 101, 102, 103, 104]
    assert ids(shelves["new_for_you"]) == [110, 111, 112, 113, 114]
    assert ids(shelves["because_you_bought"]) == [130, 131, 132, 133, 134]
    assert shelves["because_you_bought"]["facts"] == {"product_id": 100, "title": "Thing 100"}
    assert shelves["popular"]["facts"] == {"product_id": None, "title": None}
    assert answer.headers["x-batch-id"] == BATCH
    assert answer.headers["x-rung"] == "published,neighbours,popular,newest"


def test_what_a_coupon_is_for_has_a_shelf(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    for number, product_id in enumerate((109, 125, 126, 127, 128), start=20):
        hold_coupon(shop, number, product_id=product_id)

    shelf = read(open_api(), limit=5)["with_coupons"]

    assert ids(shelf) == [109, 125, 126, 127, 128]
    assert shelf["products"][0]["coupons"][0]["code"] == "C20"


def test_reasons_say_when_it_was_bought_and_what_it_goes_with(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    shelves = read(open_api())

    again, together = shelves["buy_again"]["products"][0], shelves["because_you_bought"]["products"][0]
    facts = {name: value for name, value in again["reason"]["facts"].items() if value is not None}
    assert facts == {"num_orders": 2, "days_between": 7, "days_since": 35}
    assert together["reason"]["facts"]["goes_with"] == "Thing 100"
    assert (again["rung"], together["rung"]) == ("published", "neighbours")


def test_what_was_just_bought_is_on_no_shelf(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    api = open_api()
    assert 100 in ids(read(api)["buy_again"])
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((111, 112))).values(family_id=7))

    for product_id in (100, 110, 111, 5):
        order(shop, product_id, datetime.now(UTC))

    shown = {product_id for shelf in read(api).values() for product_id in ids(shelf)}
    assert shown.isdisjoint({100, 110, 111, 112, 5})


def test_a_shelf_of_fewer_than_four_is_left_out_and_frees_what_it_had(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    only = [[100, 2, 1, "popular"]]
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, *range(101, 110)))).values(stock=0))
        session.execute(update(PopularList).where(PopularList.scope == "global").values(products=only))

    shelves = read(open_api())

    assert "buy_again" not in shelves
    assert ids(shelves["popular"])[0] == 100


def test_short_shelves_may_be_asked_for(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    assert {code: len(ids(shelf)) for code, shelf in read(open_api(), limit=1).items()} == {
        "buy_again": 1,
        "new_for_you": 1,
        "because_you_bought": 1,
        "popular": 1,
        "just_in": 1,
    }


def test_a_purchase_that_the_shop_hides_is_not_quoted(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id == 100).values(is_visible=False))

    assert "because_you_bought" not in read(open_api())


def test_guests_and_strangers_see_what_is_popular_and_what_is_new(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    api = open_api()
    guest = api.get(SHELVES, params={"limit": 4}).json()
    assert [shelf["code"] for shelf in guest["shelves"]] == ["popular", "just_in"]
    assert guest == api.get(SHELVES, params={"limit": 4, "user_id": 999}).json()
    assert ids(guest["shelves"][0])[:3] == [1, 3, 5]


def test_whom_the_batch_lacks_is_ranked_by_the_model_server(
    shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    model_server.answers = {3: [1, 3, 5, 6]}

    answer = open_api().get(SHELVES, params={"user_id": 3})

    shelf = answer.json()["shelves"][0]
    assert (shelf["code"], ids(shelf)) == ("new_for_you", [1, 3, 5, 6])
    assert answer.headers["x-model-version"] == "8"


def test_before_anything_is_published_the_popular_shelf_holds_what_can_be_sold(
    tiny_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    shelves = read(open_api())

    assert {code: sorted(ids(shelf)) for code, shelf in shelves.items()} == {"popular": [1, 3, 5, 6]}


def test_without_a_database_the_shelves_of_before_are_shown(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    api = open_api()
    before = read(api, limit=5)
    with shop.begin() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO gone"))

    after = read(api, limit=5)

    assert ids(after["buy_again"]) == ids(before["buy_again"])
    assert set(ids(before["new_for_you"])) <= set(ids(after["new_for_you"]) + ids(after["popular"]))
    assert {each["rung"] for each in after["buy_again"]["products"]} == {"local:recent"}
    assert len({each for shelf in after.values() for each in ids(shelf)}) == sum(
        len(ids(each)) for each in after.values()
    )


def test_shelves_cost_one_read_more_than_the_homepage_with_its_reasons_at_most(
    shop: Engine, open_api: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, reads = open_api(), list[str]()
    read(api, limit=5)  # its products are in memory from here on
    note_reads(monkeypatch, reads)
    api.get("/recommendations/home", params={"user_id": 1, "explain": True})
    of_home = list(reads)
    reads.clear()

    read(api, limit=5)

    assert {"fetch_lists", "_fetch_profiles"} < set(reads)
    assert len(reads) <= len(of_home) + 1, reads


def note_reads(monkeypatch: pytest.MonkeyPatch, reads: list[str]) -> None:
    """Note each read that pages make of either database, not those that renew the local fallback beside them."""
    read_at_once, read_later = DatabaseReader.read_now, DatabaseReader.read

    async def note(self: DatabaseReader, read: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self.is_direct:
            reads.append(read.__name__)
        return await read_later(self, read, *args, **kwargs)

    def note_at_once(self: DatabaseReader, read: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.deadline_seconds == PATIENT.database and read.__name__ != "_read_data_version":
            reads.append(read.__name__)
        return read_at_once(self, read, *args, **kwargs)

    monkeypatch.setattr(DatabaseReader, "read", note)
    monkeypatch.setattr(DatabaseReader, "read_now", note_at_once)
