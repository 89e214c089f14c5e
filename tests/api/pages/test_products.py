from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, update

from shop.database import session_scope
from shop.tables import Product, ProductImage, ProductNeighbours
from tests.api.conftest import BATCH, publish_by_hand


def test_a_products_page(api: TestClient) -> None:
    answer = api.get("/products/1")

    assert answer.json() == {
        "product_id": 1,
        "category_id": 1,
        "category_name": "Dairy",
        "title": "Whole Milk 1 l",
        "brand": "Alpine",
        "product_type": "Milk",
        "size": None,
        "price": 2.5,
        "regular_price": None,
        "unit_price": None,
        "in_stock": True,
        "description": None,
        "image_urls": ["/static/images/products/category1/product1.svg"],
        "num_reviews": 1,
        "average_rating": 5.0,
        "reviews": [{"nickname": "민지", "rating": 5, "body": "Fresh.", "created_at": "2026-01-09T12:00:00Z"}],
        "coupons": [],
        "family_id": None,
        "variants": [],
    }


def test_the_other_variants_that_can_be_sold_stand_beside_a_product(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, 2, 3, 4))).values(family_id=2**63 - 1))

    details = api.get("/products/1").json()

    assert details["family_id"] == 2**63 - 1
    assert details["variants"] == [
        {
            "product_id": 3,
            "category_id": 2,
            "title": "White Bread",
            "price": 3.0,
            "regular_price": None,
            "unit_price": None,
            "image_url": "/static/images/products/category2/product3.svg",
            "size": None,
        }
    ]
    assert api.get("/products/5").json()["variants"] == []


def test_a_reduced_product_says_what_it_costs_otherwise_and_what_a_unit_of_it_costs(
    api: TestClient, published_shop: Engine
) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id == 1).values(regular_price=3, size="500 ml"))
        session.execute(update(Product).where(Product.product_id == 3).values(regular_price=3, size="one loaf"))
    prices = {"price": 2.5, "regular_price": 3.0, "unit_price": {"price": 0.5, "quantity": 100, "unit": "ml"}}
    as_it_is = {"price": 3.0, "regular_price": None, "unit_price": None}

    details = [api.get(f"/products/{product}").json() for product in (1, 3)]
    page = api.get("/recommendations/home", params={"user_id": 1, "explain": True}).json()
    home = api.get("/recommendations/home", params={"user_id": 1}).json()

    assert [{name: each[name] for name in prices} for each in details] == [prices, as_it_is]
    shown = {each["product_id"]: {name: each[name] for name in prices} for each in page["recommendations"]}
    assert (shown[1], shown[3]) == (prices, as_it_is)
    assert home["recommendations"][0].keys() == {"product_id", "category_id", "title", "price", "image_url"}


def test_variants_are_not_listed_among_what_is_similar(api: TestClient, published_shop: Engine) -> None:
    def list_similar() -> list[int]:
        return [product["product_id"] for product in api.get("/products/1/similar").json()["products"]]

    assert 3 in list_similar()
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, 3))).values(family_id=7))

    assert 3 not in list_similar()


def test_a_products_own_pictures_are_shown_where_a_page_can_load_them(api: TestClient, published_shop: Engine) -> None:
    urls = ["https://shop.example/1.jpg", "http://shop.example/2.jpg", "javascript:alert(1)", "//shop.example/3.jpg"]
    with session_scope(published_shop) as session:
        session.execute(delete(ProductImage))
        session.add_all(
            ProductImage(image_id=key, product_id=1, image_url=url, position=key) for key, url in enumerate(urls)
        )
        session.add(ProductImage(image_id=9, product_id=3, image_url="data:image/png;base64,AAAA", position=0))

    assert api.get("/products/1").json()["image_urls"] == ["https://shop.example/1.jpg"]
    assert api.get("/products/3").json()["image_urls"] == ["/static/images/products/category2/product3.svg"]
    assert api.get("/products/1/similar").json()["products"][0]["image_url"].endswith("product3.svg")


def test_a_sold_out_product_keeps_its_page(api: TestClient) -> None:
    assert api.get("/products/4").json()["in_stock"] is False


def test_hidden_and_unknown_products_have_no_page(api: TestClient) -> None:
    for path in ("/products/2", "/products/999", "/products/2/similar"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"


def test_similar_products_are_bought_together_or_alike_then_of_the_category_then_popular(api: TestClient) -> None:
    answer = api.get("/products/1/similar")

    assert [each["product_id"] for each in answer.json()["products"]] == [3, 6, 5]
    assert answer.headers["x-rung"] == "bought_together,popular"
    assert answer.headers["x-batch-id"] == BATCH


def test_what_goes_with_a_product_and_what_can_be_bought_instead_stand_apart(
    api: TestClient, published_shop: Engine
) -> None:
    entries = [[3, 2, 0.5, "bought_together"], [4, 2, 0.4, "bought_together"], [6, 3, 0.9, "alike"]]
    with session_scope(published_shop) as session:
        session.execute(update(ProductNeighbours).values(products=entries))

    answer = api.get("/products/1/similar").json()

    lists = {name: [each["product_id"] for each in answer[name]] for name in answer.keys() - {"product_id"}}
    assert lists == {"complements": [3], "substitutes": [6], "products": [3, 6, 5]}  # 4 is sold out
    assert api.get("/products/5/similar").json()["complements"] == []


def test_a_products_family_is_neither_its_complement_nor_its_substitute(
    api: TestClient, published_shop: Engine
) -> None:
    entries = [[3, 2, 0.5, "bought_together"], [6, 3, 0.9, "alike"], [5, 3, 0.8, "alike"]]
    with session_scope(published_shop) as session:
        session.execute(update(ProductNeighbours).values(products=entries))
        session.execute(update(Product).where(Product.product_id.in_((1, 3, 6))).values(family_id=7))

    answer = api.get("/products/1/similar").json()

    assert [[each["product_id"] for each in answer[name]] for name in ("complements", "substitutes")] == [[], [5]]


def test_a_reason_that_no_header_can_hold_costs_its_entry(api: TestClient, published_shop: Engine) -> None:
    entries = [[3, 2, 0.5, "bought 🌸"], [5, 3, 0.4, "alike\r\nset-cookie: a"], [6, 3, 0.3, "alike"]]
    with session_scope(published_shop) as session:
        session.execute(update(ProductNeighbours).values(products=entries))

    answer = api.get("/products/1/similar", params={"limit": 1})

    assert (answer.status_code, answer.headers["x-rung"]) == (200, "alike")
    assert [product["product_id"] for product in answer.json()["products"]] == [6]


ODD = "b-v7 모델\r\nset-cookie: a=b"
ODD_IN_HEADER = "b-v7%20%EB%AA%A8%EB%8D%B8%0D%0Aset-cookie%3A%20a%3Db"


@pytest.mark.parametrize(
    "path", ["/products/1/similar", "/recommendations/home?user_id=1&limit=2", "/recommendations/home"]
)
def test_a_batch_and_a_version_of_any_name_fit_into_headers(
    published_shop: Engine, open_api: Callable[..., TestClient], path: str
) -> None:
    publish_by_hand(published_shop, batch_id=ODD, epoch=2)

    answer = open_api().get(path)

    assert (answer.status_code, answer.headers["x-batch-id"]) == (200, ODD_IN_HEADER)
    assert answer.headers.get("x-model-version", ODD_IN_HEADER.removeprefix("b-v")) == ODD_IN_HEADER.removeprefix("b-v")
    assert "set-cookie" not in answer.headers


def test_a_product_is_never_similar_to_itself(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(Product).values(is_visible=True, stock=5))

    for product_id in range(1, 7):
        similar = api.get(f"/products/{product_id}/similar").json()["products"]
        assert product_id not in [each["product_id"] for each in similar]


def test_malformed_ids_get_422(api: TestClient) -> None:
    for path in ("/products/abc", "/products/-1", "/products/99999999999999999999/similar"):
        assert api.get(path).status_code == 422
