"""The API of a shop whose ids are text: the tiny shop under ids that others would confuse, lose or cut.

What a route answers for ids of text must be what it answers for whole numbers, with the ids in their places.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from api.application import create_app
from api.web.id_fields import KIND_OF_FIELD
from api.web.request_ids import UNVERIFIED
from settings import Settings
from shop.database import session_scope
from shop.mapping.id_map import LONGEST_ID, write_ids
from shop.storefront.config import InvalidStorefrontError
from shop.storefront.document import write_document
from shop.tables import Event, StorefrontDocument
from tests.api.conftest import PATIENT, TEXTS, ModelServer
from tests.api.orders.test_checkout import issue_coupon
from tests.api.test_faults import lose_database, wait_for_fallback

HOME, SHELVES = "/recommendations/home", "/recommendations/shelves"


@pytest.fixture
def api(text_shop: Engine, open_api: Callable[..., TestClient]) -> TestClient:
    """An API over the shop of text."""
    return open_api()


@pytest.fixture
def plain(text_shop: Engine, tmp_path: Path, model_server: ModelServer) -> Iterator[TestClient]:
    """An API over a copy of the same shop whose ids are whole numbers."""
    url = f"sqlite:///{tmp_path / 'plain.db'}"
    with (
        closing(sqlite3.connect(tmp_path / "shop.db")) as shop,
        closing(sqlite3.connect(tmp_path / "plain.db")) as copy,
    ):
        shop.backup(copy)
        copy.execute("DELETE FROM shop_ids")
        copy.commit()
    settings = Settings(
        var_dir=tmp_path / "plain", shop_database_url=url, platform_database_url=url, serving_url=model_server.url
    )
    with TestClient(create_app(settings, PATIENT)) as client:
        yield client


def spell(document: Any) -> Any:
    """Put ids of text into the place of the numbers of an answer."""
    if isinstance(document, list):
        return [spell(each) for each in document]
    if not isinstance(document, dict):
        return document
    spelled = {name: spell(value) for name, value in document.items()}
    for name in spelled.keys() & KIND_OF_FIELD.keys():
        spelled[name] = TEXTS.get(KIND_OF_FIELD[name], {}).get(spelled[name], spelled[name])
    return spelled


def product_path(text: str) -> str:
    return f"/products/{quote(text, safe='')}"


ADDRESSES = [
    (HOME, HOME),
    (f"{HOME}?user_id=1&limit=3", f"{HOME}?user_id=a%40b.example&limit=3"),
    (f"{HOME}?user_id=2", f"{HOME}?user_id=a"),
    (f"{HOME}?user_id=3&limit=2", f"{HOME}?limit=2&user_id=A"),
    (f"{HOME}?user_id=2&explain=true", f"{HOME}?user_id=a&explain=true"),
    (f"{HOME}?user_id=4", f"{HOME}?user_id=x+"),
    (SHELVES, SHELVES),
    (f"{SHELVES}?user_id=2&limit=5", f"{SHELVES}?user_id=a&limit=5"),
    *((f"/products/{number}", product_path(text)) for number, text in TEXTS["products"].items()),
    ("/products/3?user_id=2", f"{product_path('a/b c')}?user_id=a"),
    ("/products/1/similar", "/products/0012/similar"),
    ("/products/3/similar?limit=2", f"{product_path('a/b c')}/similar?limit=2"),
    ("/categories", "/categories"),
    ("/products?category_id=1", "/products?category_id=2"),
    ("/products?category_id=2", "/products?category_id=Brot+%26+Back"),
    ("/products?category_id=3&limit=1", "/products?category_id=%3F%23&limit=1"),
    ("/products?query=juice", "/products?query=juice"),
    ("/users/1/orders", "/users/a%40b.example/orders"),
    ("/users/2/orders", "/users/a/orders"),
    ("/users/4/orders", "/users/x%20/orders"),
    ("/users", "/users"),
]


@pytest.mark.parametrize(("of_numbers", "of_text"), ADDRESSES)
def test_an_answer_is_that_of_numbers_with_the_shops_own_ids(
    api: TestClient, plain: TestClient, of_numbers: str, of_text: str
) -> None:
    expected, answer = plain.get(of_numbers), api.get(of_text)

    assert answer.status_code == expected.status_code
    if answer.status_code == 200:
        assert answer.json() == spell(expected.json())
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_home_page_of_a_shopper_holds_ids_of_text(api: TestClient) -> None:
    answer = api.get(HOME, params={"user_id": "a@b.example", "limit": 3})

    page = answer.json()
    assert page["user_nickname"] == "민지"
    assert [product["product_id"] for product in page["recommendations"]] == ["a/b c", "0012", "한글"]
    assert [product["category_id"] for product in page["recommendations"]] == ["Brot & Back", "2", "?#"]
    assert answer.headers["x-rung"] == "published"
    for product in page["recommendations"]:
        assert api.get(product["image_url"]).status_code == 200


def test_a_cart_of_ids_of_text_is_answered_with_such(api: TestClient, plain: TestClient) -> None:
    expected = plain.post("/recommendations/cart", json={"user_id": 2, "product_ids": [1]})

    answer = api.post("/recommendations/cart", json={"user_id": "a", "product_ids": ["0012", "nobody's"]})

    assert answer.json() == spell(expected.json())
    assert answer.json()["products"][0]["goes_with"] == "0012"


def test_a_family_is_named_by_an_id_of_text(api: TestClient, text_shop: Engine) -> None:
    with text_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET family_id = 3 WHERE product_id IN (1, 5)")

    page = api.get("/products/0012").json()

    assert (page["family_id"], [each["product_id"] for each in page["variants"]]) == ("a/b c", ["한글"])


def test_a_walk_through_a_department_ends(api: TestClient) -> None:
    seen, cursor = [], None
    for _ in range(3):
        asked = {"category_id": "?#", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = api.get("/products", params=asked).json()
        seen += [product["product_id"] for product in page["products"]]
        cursor = page["next_cursor"]

    assert sorted(seen) == ["A", "한글"]
    assert cursor is None


def test_an_order_is_quoted_placed_and_found_again(api: TestClient, text_shop: Engine) -> None:
    issue_coupon(text_shop)
    items = [{"product_id": "0012", "quantity": 2}, {"product_id": "한글", "quantity": 1}]

    quote_ = api.post("/orders/quote", json={"user_id": "a@b.example", "items": items}).json()
    coupon_ids = [coupon["coupon_id"] for coupon in quote_["coupons"]]
    order = {"order_key": "k", "user_id": "a@b.example", "items": items, "coupon_ids": coupon_ids}
    receipt = api.post("/orders", json=order)

    assert coupon_ids == ["1"]
    assert receipt.status_code == 201
    assert [line["product_id"] for line in receipt.json()["items"]] == ["0012", "한글"]
    assert receipt.json()["order_id"] == "8"  # placed here: the shop has given it no id yet
    newest, *older = api.get("/users/a%40b.example/orders").json()["orders"]
    assert newest["order_id"] == "8"
    assert [each["order_id"] for each in older] == ["d", "1", "#01001", "#1001"]


def test_a_refused_cart_names_the_shops_own_ids(api: TestClient) -> None:
    items = [{"product_id": text, "quantity": 1} for text in ("50%", "12", "no such", "1")]

    answer = api.post("/orders/quote", json={"user_id": "a", "items": items})

    assert answer.status_code == 409
    named = {detail["field"] for detail in answer.json()["error"]["details"]}
    assert named == {"product 50%", "product 12", "product no such", "product 1"}


def test_an_event_is_written_under_the_numbers_and_proves_its_answer(api: TestClient, text_shop: Engine) -> None:
    page = api.get(HOME, params={"user_id": "a@b.example"})
    source = {"request_id": page.headers["x-request-id"], "batch_id": page.headers["x-batch-id"], "position": 0}
    source |= {"model_version": page.headers["x-model-version"], "rung": page.headers["x-rung"]}
    common = {"event_type": "click", "occurred_at": datetime.now(UTC).isoformat(), **source}
    of_users = {"k1": "a@b.example", "k2": "a", "k3": None, "k4": "nobody"}
    events = [
        common | {"event_key": key, "product_id": "a/b c", "user_id": user_id} for key, user_id in of_users.items()
    ]

    receipt = api.post("/events", json={"events": events})

    assert (receipt.status_code, receipt.json()["accepted"]) == (202, 4)
    with session_scope(text_shop) as session:
        rows = session.execute(select(Event.user_id, Event.product_id, Event.rung).order_by(Event.event_id)).all()
    assert [tuple(row) for row in rows[:3]] == [(1, 3, source["rung"]), (2, 3, UNVERIFIED), (None, 3, UNVERIFIED)]
    assert rows[3].user_id > 2**62  # nobody the shop knows, and nobody else


@pytest.mark.parametrize("spelled", ["12", 12])
def test_a_number_in_a_body_is_the_id_that_is_written_like_it(api: TestClient, spelled: Any) -> None:
    cart = {"user_id": "a", "items": [{"product_id": spelled, "quantity": 1}]}

    assert api.post("/orders/quote", json=cart).json()["error"]["details"][0]["field"] == "product 12"  # it is hidden


def test_an_unknown_id_is_answered_as_an_unknown_number(api: TestClient, plain: TestClient) -> None:
    for path in ("/products/{}", "/products/{}/similar", "/users/{}/orders"):
        unknown, expected = api.get(path.format("no%2Fsuch")), plain.get(path.format(999))
        assert unknown.status_code == expected.status_code == 404
        assert unknown.json()["error"]["message"] == expected.json()["error"]["message"]
    assert api.get(HOME, params={"user_id": "no such"}).json() == api.get(HOME).json()
    assert api.get("/products", params={"category_id": "no such"}).json()["products"] == []


@pytest.mark.parametrize("path", ["/products/1", "/products/3/similar", "/users/1/orders", "/products/0013"])
def test_the_numbers_inside_are_nobodys_ids(api: TestClient, path: str) -> None:
    assert api.get(path).status_code == 404


def test_an_id_that_comes_later_is_found(api: TestClient, text_shop: Engine) -> None:
    assert api.get(HOME, params={"user_id": "new"}).json()["user_nickname"] == ""
    with text_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE shop_ids SET text = 'old' WHERE kind = 'users' AND number = 4")
        connection.exec_driver_sql("DELETE FROM shop_ids WHERE kind = 'users' AND number = 4")
        write_ids(connection, "users", {4: "new"})

    assert api.get(HOME, params={"user_id": "new"}).json()["user_nickname"] == "Zoë 🌸"


LONG = "x" * (LONGEST_ID + 1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda api: api.get(HOME, params={"user_id": LONG}),
        lambda api: api.get(f"{HOME}?user_id="),
        lambda api: api.get(f"/products/{LONG}"),
        lambda api: api.get("/products", params={"category_id": "0" * LONGEST_ID + "1"}),
        lambda api: api.post("/orders/quote", json={"user_id": LONG, "items": [{"product_id": "A", "quantity": 1}]}),
        lambda api: api.post("/orders/quote", content=b'{"user_id": "\\ud800", "items": []}'),
        lambda api: api.post("/orders/quote", json={"user_id": True, "items": [{"product_id": "A", "quantity": 1}]}),
        lambda api: api.post("/orders/quote", json={"user_id": 1.5, "items": [{"product_id": "A", "quantity": 1}]}),
        lambda api: api.post("/orders/quote", content=b"{"),
        lambda api: api.post("/orders/quote", content=b"[" * 100_000),
        lambda api: api.post("/orders/quote", content=b'{"user_id": 1' + b"0" * 5000 + b"}"),
        lambda api: api.post("/events", content=b""),
    ],
)
def test_what_is_no_id_is_refused(api: TestClient, ask: Callable[[TestClient], Any]) -> None:
    answer = ask(api)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_the_storefront_leads_to_departments_by_their_own_ids(
    text_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path
) -> None:
    banners = """
        banners = [
            { title = "Brot", department = "Bakery" }, { title = "Saft", link = "/category/%3F%23" },
            { title = "Milch", link = "/category/2" }, { title = "Milch", link = "/product/0012" },
        ]
    """
    closed = f"{banners}departments.Dairy.restricted = true"
    with text_shop.begin() as connection:
        with pytest.raises(InvalidStorefrontError, match=r"'/category/2' leads to 'Dairy'.*'/product/0012' leads to"):
            write_document(connection, closed)
        write_document(connection, banners)
        connection.execute(update(StorefrontDocument).values(document=closed))
    api = open_api()
    wait_for_fallback(tmp_path)

    page = api.get("/storefront").json()

    assert [each["category_id"] for each in page["departments"]] == ["2", "Brot & Back", "?#"]
    assert [banner["link"] for banner in page["banners"]] == ["/category/Brot%20%26%20Back", "/category/%3F%23"]


def test_a_banner_of_best_sellers_has_an_address_that_can_be_asked_for(api: TestClient, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)

    links = [banner["link"] for banner in api.get("/storefront").json()["banners"]]

    assert {urlsplit(link).path for link in links} == {"/category/2", "/category/Brot%20%26%20Back", "/category/%3F%23"}


def test_pages_know_the_shops_own_ids_after_a_start_without_its_database(
    api: TestClient, open_api: Callable[..., TestClient], tmp_path: Path
) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    later = open_api()

    page = later.get(HOME, params={"user_id": "a"})
    assert page.status_code == 200
    assert "0012" in [product["product_id"] for product in page.json()["recommendations"]]
    assert later.get("/products/0012").json()["product_id"] == "0012"
    assert later.get("/products/never-read").status_code == 503
    assert later.get("/users/a/orders").status_code == 503


def test_only_the_kinds_that_are_text_are_translated(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with published_shop.begin() as connection:
        write_ids(connection, "products", TEXTS["products"])
    api = open_api()

    page = api.get(HOME, params={"user_id": 1, "limit": 2}).json()["recommendations"]

    assert [(each["product_id"], each["category_id"]) for each in page] == [("a/b c", 2), ("0012", 1)]
    assert api.get("/users/1/orders").json()["orders"][0]["order_id"] == 7
    assert api.get("/users/a/orders").status_code == 422
