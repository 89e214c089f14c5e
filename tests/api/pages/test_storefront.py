import asyncio
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from api.pages.storefront import compose
from api.queries.catalogue import SellableProduct
from api.schemas import Categories
from api.schemas.catalogue import ListedCategory
from shop.storefront.config import parse_storefront
from shop.storefront.document import write_document
from shop.tables import STOREFRONT, StorefrontDocument
from tests.api.conftest import LISTS
from tests.api.test_faults import lose_database, wait_for_fallback

TODAY = date(2026, 12, 1)
NAMES = ["초콜릿", "기프트 세트", "Wine", "Cards", "Candles", "Mugs"]
CATEGORIES = Categories(categories=[ListedCategory(category_id=at, name=name) for at, name in enumerate(NAMES, 1)])
PRODUCTS = [
    SellableProduct(number, category_id, f"Thing {number}", 1.0, f"/static/images/{number}.jpg")
    for number, category_id in enumerate([3, 3, 3, 1, 1, 1, 1, 1, 5, 5, 4], 1)
]


def answer(document: str = "", products: list[SellableProduct] = PRODUCTS) -> dict[str, Any]:
    return compose(parse_storefront(document), CATEGORIES, products, TODAY).model_dump()


def test_without_a_word_of_the_merchant_everything_is_made_from_the_shop() -> None:
    storefront = answer()

    assert (storefront["name"], storefront["logo_url"], storefront["colours"]["primary"]) == (None, None, None)
    icons = {each["name"]["ko"]: each["icon_url"] for each in storefront["departments"]}
    assert icons["초콜릿"] == "/static/images/drawings/chocolate-bar.svg"
    assert icons["Candles"] == "/static/images/drawings/candle.svg"
    assert (icons["Cards"], icons["Mugs"]) == (None, None)


def test_default_banners_lead_to_the_best_sellers_and_show_them() -> None:
    banners = answer()["banners"]

    assert [banner["title"]["ko"] for banner in banners] == ["초콜릿", "Candles", "Cards"]
    assert banners[0]["link"] == "/category/1"
    assert banners[0]["picture_urls"] == [f"/static/images/{number}.jpg" for number in (4, 5, 6, 7)]


def test_a_shop_without_best_sellers_has_no_banners() -> None:
    assert answer(products=[])["banners"] == []


def test_the_merchants_banners_take_the_place_of_the_defaults() -> None:
    document = """
[[banners]]
title = { ko = "겨울 선물", en = "Winter gifts" }
department = "기프트 세트"
pictures = ["wrapped-gift"]
first_day = 2026-11-20
[[banners]]
title = "Candles"
department = "Candles"
[[banners]]
title = "Over"
link = "/search?query=spring"
last_day = 2026-03-31
[[banners]]
title = "Gone"
department = "Candies"
"""

    winter, candles = answer(document)["banners"]

    assert (winter["title"]["en"], winter["link"]) == ("Winter gifts", "/category/2")
    assert winter["picture_urls"] == ["/static/images/drawings/wrapped-gift.svg"]
    assert candles["picture_urls"] == ["/static/images/9.jpg", "/static/images/10.jpg"]


def test_a_restricted_department_is_in_no_banner() -> None:
    document = "".join(f"[[banners]]\ntitle = '{name}'\ndepartment = '{name}'\n" for name in ("Wine", "Cards"))

    assert [banner["title"]["en"] for banner in answer(document)["banners"]] == ["Cards"]
    allowed = answer(f"{document}[departments]\nWine = {{ restricted = false }}")["banners"]
    assert [banner["title"]["en"] for banner in allowed] == ["Wine", "Cards"]


LEADING_TO_WINE = [
    "/category/3",
    "/category/03?sort=new",
    "/Category/3/#top",
    "/cart/../category/%33",
    "https://shop.example/category/3",
    "/product/1",
]


@pytest.mark.parametrize("link", LEADING_TO_WINE)
def test_a_link_into_a_restricted_department_is_in_no_banner(link: str) -> None:
    document = f"[[banners]]\ntitle = 'a'\nlink = '{link}'\n[[banners]]\ntitle = 'b'\nlink = '/category/4'\n"

    assert [banner["link"] for banner in answer(document)["banners"]] == ["/category/4"]
    allowed = answer(f"{document}[departments]\nWine = {{ restricted = false }}")["banners"]
    assert [banner["link"] for banner in allowed] == [link, "/category/4"]


def test_no_banners_at_all_can_be_asked_for() -> None:
    assert answer("banners = []")["banners"] == []


def list_ids(api: TestClient, path: str) -> list[int]:
    return [product["product_id"] for product in api.get(path).json()["products"]]


def write(engine: Engine, document: str) -> None:
    with engine.begin() as connection:
        write_document(connection, document)


@pytest.fixture
def configured(published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path) -> TestClient:
    write(published_shop, "name = 'Sweet'\n[departments]\nDrinks = { restricted = true }")
    api = open_api()
    wait_for_fallback(tmp_path)
    return api


def test_the_document_of_the_database_is_followed(configured: TestClient) -> None:
    storefront = configured.get("/storefront").json()

    assert storefront["name"] == {"ko": "Sweet", "en": "Sweet"}
    assert [each["is_restricted"] for each in storefront["departments"]] == [False, False, True]


@pytest.mark.parametrize("user_id", [1, 2, 4, None])
def test_a_restricted_department_is_never_on_the_homepage(configured: TestClient, user_id: int | None) -> None:
    query = {} if user_id is None else {"user_id": user_id}
    products = configured.get("/recommendations/home", params=query).json()["recommendations"]

    assert [product["product_id"] for product in products if product["category_id"] == 3] == []
    assert {product["product_id"] for product in products} == {1, 3}
    assert 5 in LISTS[2]


def test_nothing_of_a_restricted_department_goes_well_with_other_things(configured: TestClient, tmp_path: Path) -> None:
    assert list_ids(configured, "/products/1/similar") == [3]
    assert list_ids(configured, "/products/5/similar") == [6, 1, 3]

    lose_database(tmp_path)

    assert list_ids(configured, "/products/1/similar") == [3]
    assert list_ids(configured, "/products/5/similar") == [6, 1, 3]


@pytest.mark.parametrize("is_lost", [False, True], ids=["live", "local"])
def test_restricted_departments_are_found_by_those_who_search_and_by_nobody_else(
    configured: TestClient, tmp_path: Path, is_lost: bool
) -> None:
    if is_lost:
        lose_database(tmp_path)

    assert list_ids(configured, "/products") == [1, 3]
    assert list_ids(configured, "/products?category_id=3") == [5, 6]
    assert list_ids(configured, "/products?query=juice") == [6]


def test_restrictions_hold_before_there_is_a_local_fallback(
    published_shop: Engine, open_api: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(published_shop, "[departments]\nDrinks = { restricted = true }")
    monkeypatch.setattr("api.application.read_fallback_copy", partial(asyncio.sleep, 60))
    api = open_api()

    home = api.get("/recommendations/home", params={"user_id": 2}).json()["recommendations"]
    assert {product["product_id"] for product in home} == {1, 3}
    assert list_ids(api, "/products/1/similar") == [3]
    assert list_ids(api, "/products") == [1, 3]


def test_a_restricted_department_can_be_walked_through(configured: TestClient) -> None:
    products = configured.get("/products", params={"category_id": 3}).json()["products"]

    assert [product["product_id"] for product in products] == [5, 6]


def test_nothing_changes_while_the_database_is_lost(configured: TestClient, tmp_path: Path) -> None:
    before = configured.get("/storefront").json()

    lose_database(tmp_path)

    assert configured.get("/storefront").json() == before
    products = configured.get("/recommendations/home", params={"user_id": 2}).json()["recommendations"]
    assert {product["product_id"] for product in products} == {1, 3}


def test_a_broken_document_leaves_the_defaults_and_health_says_so(
    published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path
) -> None:
    with published_shop.begin() as connection:
        connection.execute(insert(StorefrontDocument).values(name=STOREFRONT, document="nam = 'Sweet'"))
    api = open_api()
    wait_for_fallback(tmp_path)

    assert api.get("/storefront").json()["name"] is None
    problems = {each["part"]: each["problem"] for each in api.get("/health").json()["problems"]}
    assert "nam = 'Sweet': there is no such field" in problems["storefront"]


def test_before_anything_is_published_departments_stand_there(
    tiny_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    storefront = open_api().get("/storefront").json()

    assert [each["name"]["en"] for each in storefront["departments"]] == ["Dairy", "Bakery", "Drinks"]


def test_drawings_and_pictures_of_the_storefront_are_served(api: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "storefront"
    folder.mkdir(parents=True)
    (folder / "logo.png").write_bytes(b"\x89PNG a logo")

    drawing, logo = api.get("/static/images/drawings/candle.svg"), api.get("/static/images/storefront/logo.png")

    assert drawing.text.startswith("<svg")
    assert drawing.headers["content-security-policy"].startswith("default-src 'none'")
    assert (logo.headers["content-type"], logo.content) == ("image/png", b"\x89PNG a logo")
    for missing in ("drawings/unicorn.svg", "storefront/banner.png"):
        assert api.get(f"/static/images/{missing}").status_code == 404
    again = api.get("/static/images/drawings/candle.svg", headers={"If-None-Match": drawing.headers["etag"]})
    assert again.status_code == 304
