from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from shop.database import session_scope
from shop.tables import Product

PICTURE = "/static/images/products/category1/product1.svg"


def test_every_picture_of_the_homepage_answers(api: TestClient) -> None:
    for product in api.get("/recommendations/home", params={"user_id": 1}).json()["recommendations"]:
        assert api.get(product["image_url"]).status_code == 200


def test_a_drawing_is_an_svg_that_can_run_nothing(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id == 1).values(title='<script>alert("1")</script>'))

    answer = api.get(PICTURE)

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text


def test_a_picture_that_has_not_changed_is_not_sent_again(api: TestClient) -> None:
    first = api.get(PICTURE)

    again = api.get(PICTURE, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, max-age=3600"
    assert (again.status_code, again.content) == (304, b"")


def test_a_changed_product_has_a_changed_picture(api: TestClient, published_shop: Engine) -> None:
    first = api.get(PICTURE)
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id == 1).values(brand="Another"))

    answer = api.get(PICTURE, headers={"If-None-Match": first.headers["etag"]})

    assert answer.status_code == 200
    assert answer.headers["etag"] != first.headers["etag"]


def test_the_shops_own_picture_wins(api: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "products" / "category1"
    folder.mkdir(parents=True)
    (folder / "product1.jpg").write_bytes(b"\xff\xd8 a photograph")

    answer = api.get("/static/images/products/category1/product1.jpg")

    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == b"\xff\xd8 a photograph"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/images/products/category1/product999.svg", 404),
        ("/static/images/products/category1/product1.exe", 422),
        ("/static/images/products/category1/..%2f..%2fshop.db", 404),
        ("/static/images/products/categoryx/product1.svg", 422),
    ],
)
def test_nothing_but_pictures_is_served(api: TestClient, path: str, status: int) -> None:
    assert api.get(path).status_code == status
