from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, update

from shop.database import session_scope
from shop.tables import BatchPointer, Order, OrderItem, Product, ProductImage
from tests.api.conftest import BATCH, ModelServer, publish_by_hand

HOME = "/recommendations/home"


def shown(answer: httpx.Response) -> list[int]:
    return [product["product_id"] for product in answer.json()["recommendations"]]


def change(engine: Engine, product_id: int, **values: object) -> None:
    with session_scope(engine) as session:
        session.execute(update(Product).where(Product.product_id == product_id).values(**values))


def test_the_body_is_the_seeds(api: TestClient) -> None:
    answer = api.get(HOME, params={"user_id": 1, "limit": 2})

    assert answer.status_code == 200
    assert answer.json() == {
        "user_nickname": "민지",
        "recommendations": [
            {
                "product_id": 3,
                "category_id": 2,
                "title": "White Bread",
                "price": 3.0,
                "image_url": "/static/images/products/category2/product3.svg",
            },
            {
                "product_id": 1,
                "category_id": 1,
                "title": "Whole Milk 1 l",
                "price": 2.5,
                "image_url": "/static/images/products/category1/product1.svg",
            },
        ],
    }


def test_the_headers_say_where_the_page_comes_from(api: TestClient) -> None:
    headers = api.get(HOME, params={"user_id": 1, "limit": 2}).headers

    assert headers["x-batch-id"] == BATCH
    assert headers["x-model-version"] == "7"
    assert headers["x-rung"] == "published"
    assert int(headers["x-batch-age-seconds"]) > 0
    assert headers["cache-control"] == "private, no-store"


def test_users_have_lists_of_their_own(api: TestClient) -> None:
    assert shown(api.get(HOME, params={"user_id": 1})) == [3, 1, 5, 6]
    assert shown(api.get(HOME, params={"user_id": 2})) == [5, 6, 3, 1]


def test_hidden_sold_out_and_deleted_products_are_never_shown(api: TestClient, published_shop: Engine) -> None:
    change(published_shop, 3, is_visible=False)
    change(published_shop, 5, stock=0)
    with session_scope(published_shop) as session:
        session.execute(delete(ProductImage).where(ProductImage.product_id == 6))
        session.execute(delete(Product).where(Product.product_id == 6))

    assert shown(api.get(HOME, params={"user_id": 1})) == [1]


def test_price_title_and_picture_are_todays(api: TestClient, published_shop: Engine) -> None:
    change(published_shop, 3, price=999, title="Rye Bread <b>")
    with session_scope(published_shop) as session:
        session.execute(
            update(ProductImage).where(ProductImage.product_id == 3).values(image_url="https://cdn.test/3.jpg")
        )

    first = api.get(HOME, params={"user_id": 1}).json()["recommendations"][0]

    assert (first["price"], first["title"], first["image_url"]) == (999.0, "Rye Bread <b>", "https://cdn.test/3.jpg")


def test_a_short_list_is_topped_up_from_lower_rungs_without_repeats(
    tiny_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    publish_by_hand(tiny_shop, {1: [5]})

    answer = open_api().get(HOME, params={"user_id": 1, "limit": 4})

    assert shown(answer) == [5, 1, 3, 6]
    assert answer.headers["x-rung"] == "published,categories,newest"


def test_a_known_user_without_a_list_gets_the_models(api: TestClient, model_server: ModelServer) -> None:
    model_server.answers = {3: [6, 2, 3]}

    answer = api.get(HOME, params={"user_id": 3, "limit": 2})

    assert shown(answer) == [6, 3]
    assert answer.headers["x-rung"] == "model"
    assert answer.headers["x-model-version"] == "8"
    assert model_server.asked == [{"user_ids": [3], "k": 100}]


def test_a_user_whom_the_model_lacks_gets_popular_products(api: TestClient) -> None:
    answer = api.get(HOME, params={"user_id": 4})

    assert answer.json()["user_nickname"] == "Zoë 🌸"
    assert shown(answer) == [1, 3, 5, 6]
    assert answer.headers["x-rung"] == "popular,newest"


def test_the_users_own_categories_come_before_everybodys(
    api: TestClient, published_shop: Engine, model_server: ModelServer
) -> None:
    model_server.status = 500
    with session_scope(published_shop) as session:
        session.execute(update(Order).where(Order.user_id == 3).values(status="paid"))

    answer = api.get(HOME, params={"user_id": 3, "limit": 3})

    assert shown(answer) == [5, 6, 1]
    assert answer.headers["x-rung"] == "categories,popular"


@pytest.mark.parametrize("query", [{}, {"user_id": 987654321}], ids=["logged out", "unknown"])
def test_a_shopper_whom_the_shop_does_not_know_gets_popular_products(
    api: TestClient, query: dict[str, int], model_server: ModelServer
) -> None:
    answer = api.get(HOME, params=query)

    assert answer.status_code == 200
    assert answer.json()["user_nickname"] == ""
    assert shown(answer) == [1, 3, 5, 6]
    assert model_server.asked == []


def test_nothing_published_yet_still_sells(tiny_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    answer = open_api().get(HOME, params={"user_id": 1, "limit": 3})

    assert answer.json()["user_nickname"] == "민지"
    assert shown(answer) == [6, 5, 3]
    assert answer.headers["x-rung"] == "catalogue"
    assert "x-batch-id" not in answer.headers


def test_products_beyond_all_lists_fill_the_last_holes(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.add(Product(product_id=77, category_id=1, title="Butter", price=2, stock=1))

    answer = api.get(HOME, params={"user_id": 1, "limit": 5})

    assert shown(answer) == [3, 1, 5, 6, 77]
    assert answer.json()["recommendations"][4]["image_url"] == "/static/images/products/category1/product77.svg"


def test_a_moved_pointer_shows_at_once(api: TestClient, published_shop: Engine) -> None:
    assert shown(api.get(HOME, params={"user_id": 1})) == [3, 1, 5, 6]

    publish_by_hand(published_shop, {1: [6, 5]}, "20260126T120000Z-v9", epoch=2)

    answer = api.get(HOME, params={"user_id": 1, "limit": 2})
    assert shown(answer) == [6, 5]
    assert answer.headers["x-model-version"] == "9"


@pytest.mark.parametrize(
    "query",
    [
        {"user_id": "abc"},
        {"user_id": -1},
        {"user_id": 2**63},
        {"user_id": 1, "limit": 0},
        {"user_id": 1, "limit": 101},
        {"user_id": "1; DROP TABLE users"},
    ],
    ids=str,
)
def test_malformed_input_gets_422_in_the_one_shape(api: TestClient, query: dict[str, object]) -> None:
    answer = api.get(HOME, params=query)

    error = answer.json()["error"]
    assert answer.status_code == 422
    assert error["code"] == "invalid_request"
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["details"][0]["field"].startswith("query.")


def test_the_callers_request_id_is_kept_and_nonsense_is_not(api: TestClient) -> None:
    kept = api.get(HOME, headers={"X-Request-Id": "page-42"})
    refused = api.get(HOME, params={"limit": 0}, headers={"X-Request-Id": "page-42"})
    replaced = [api.get(HOME, headers={"X-Request-Id": each}) for each in ("a b\tc", "a" * 37)]

    assert kept.headers["x-request-id"].startswith("page-42.")
    assert refused.headers["x-request-id"] == "page-42"
    assert [len(each.headers["x-request-id"].partition(".")[0]) for each in replaced] == [32, 32]


def test_no_pointer_and_no_products_is_an_empty_page(empty_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    answer = open_api().get(HOME)

    assert answer.status_code == 200
    assert answer.json() == {"user_nickname": "", "recommendations": []}
    assert answer.headers["x-rung"] == "none"


def test_an_order_of_today_never_breaks_the_page(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(delete(OrderItem))
        session.execute(delete(BatchPointer))

    assert shown(api.get(HOME, params={"user_id": 1, "limit": 2})) == [6, 5]


def test_a_missing_database_is_no_5xx(tmp_path: Path, open_api: Callable[..., TestClient]) -> None:
    answer = open_api().get(HOME, params={"user_id": 1})

    assert answer.status_code == 200
    assert answer.headers["x-rung"] == "none"
