"""The rules of the homepage's first slots: variety, coupons, nothing bought a moment ago, two variants."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from api.application import create_app
from api.pages.experiment import CHAMPION, Experiment
from settings import Settings
from shop.database import session_scope
from shop.tables import (
    BatchPointer,
    Coupon,
    Order,
    OrderItem,
    Product,
    ProductNeighbours,
    Recommendation,
    RecommendationBatch,
    UserCoupon,
    name_pointer,
)
from tests.api.conftest import BATCH, PATIENT, publish_by_hand
from tests.support.tiny_shop import day

HOME = "/recommendations/home"
CROWD = range(100, 160)
"""Sixty more products: 100 to 129 in Dairy, 130 to 159 dealt to Bakery and Drinks."""


def category_of(product_id: int) -> int:
    return 1 if product_id < 130 else 2 + product_id % 2


@pytest.fixture
def crowded_shop(tiny_shop: Engine) -> Engine:
    """User 1's list begins with thirty products of one category."""
    with session_scope(tiny_shop) as session:
        session.add_all(
            Product(product_id=each, category_id=category_of(each), title=f"Thing {each}", price=each, stock=9)
            for each in CROWD
        )
    publish_by_hand(tiny_shop, {2: [5]})
    entries = [[each, category_of(each), 1 / each, "favourite_type"] for each in CROWD]
    with session_scope(tiny_shop) as session:
        session.add(Recommendation(batch_id=BATCH, user_id=1, products=entries))
    return tiny_shop


def page(api: TestClient, **query: Any) -> list[dict[str, Any]]:
    return api.get(HOME, params={"user_id": 1} | query).json()["recommendations"]


def ids(products: list[dict[str, Any]]) -> list[int]:
    return [product["product_id"] for product in products]


def hold_coupon(engine: Engine, coupon_id: int, **fields: Any) -> None:
    now = datetime.now(UTC)
    values: dict[str, Any] = {"discount_type": "amount", "discount_value": Decimal(1), "name": "One off"}
    values |= {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=1), "used_at": None} | fields
    used_at = values.pop("used_at")
    with session_scope(engine) as session:
        session.add(Coupon(coupon_id=coupon_id, code=f"C{coupon_id}", **values))
        session.flush()
        session.add(UserCoupon(user_id=1, coupon_id=coupon_id, issued_at=now - timedelta(hours=2), used_at=used_at))


def order(engine: Engine, product_id: int, at: datetime) -> None:
    with session_scope(engine) as session:
        placed = Order(user_id=1, status="paid", ordered_at=at, total_amount=Decimal(1))
        session.add(placed)
        session.flush()
        session.add(OrderItem(order_id=placed.order_id, product_id=product_id, quantity=1, unit_price=Decimal(1)))


@pytest.mark.parametrize("limit", [5, 10, 20, 50])
def test_no_category_has_more_than_its_share_of_the_head(
    crowded_shop: Engine, open_api: Callable[..., TestClient], limit: int
) -> None:
    products = page(open_api(), limit=limit)

    head = Counter(product["category_id"] for product in products[:20])
    assert len(products) == len(set(ids(products))) == limit
    assert max(head.values()) <= 0.4 * min(limit, 20)


def test_what_was_held_back_follows_the_head_in_its_order(
    crowded_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    assert ids(page(open_api(), limit=30))[20:] == list(range(108, 118))


def test_a_shop_of_one_category_still_fills_the_page(tiny_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    with session_scope(tiny_shop) as session:
        session.query(Product).update({"category_id": 1, "is_visible": True, "stock": 1})
    publish_by_hand(tiny_shop)

    assert sorted(ids(page(open_api(), limit=6))) == [1, 2, 3, 4, 5, 6]


def test_coupons_lift_two_products_to_the_end_of_the_head(
    crowded_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    for number, product_id in enumerate((151, 153, 155), start=10):
        hold_coupon(crowded_shop, number, product_id=product_id)

    products = page(open_api(), explain=True)

    assert ids(products)[18:] == [151, 153]
    assert [product["is_lifted_by_coupon"] for product in products] == [False] * 18 + [True] * 2
    assert [coupon["code"] for coupon in products[18]["coupons"]] == ["C10"]
    assert all(product["coupons"] == [] for product in products[:18])


@pytest.mark.parametrize(
    "fields",
    [
        {"valid_until": datetime.now(UTC) - timedelta(minutes=5)},
        {"used_at": datetime.now(UTC) - timedelta(minutes=5)},
        {"product_id": None},
    ],
    ids=["expired", "used", "for the whole shop"],
)
def test_other_coupons_lift_nothing(
    crowded_shop: Engine, open_api: Callable[..., TestClient], fields: dict[str, Any]
) -> None:
    hold_coupon(crowded_shop, 10, **({"product_id": 151} | fields))

    products = page(open_api(), explain=True)

    assert not any(product["is_lifted_by_coupon"] for product in products)
    assert ids(products)[-1] != 151


def test_what_was_bought_a_moment_ago_is_left_out(api: TestClient, published_shop: Engine) -> None:
    order(published_shop, 5, datetime.now(UTC) - timedelta(hours=1))

    assert ids(page(api)) == [3, 1, 6]


def test_what_is_bought_again_and_again_waits_too(api: TestClient, published_shop: Engine) -> None:
    order(published_shop, 1, datetime.now(UTC) - timedelta(hours=1))

    assert ids(page(api)) == [3, 5, 6]


def test_what_is_due_again_is_shown_again(api: TestClient, published_shop: Engine) -> None:
    for hours in (30, 60):
        order(published_shop, 5, datetime.now(UTC) - timedelta(hours=hours))

    assert ids(page(api)) == [3, 1, 5, 6]


def test_what_the_batch_has_seen_is_the_rankers_to_judge(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(RecommendationBatch).values(as_of=datetime.now(UTC) - timedelta(hours=20)))
    order(published_shop, 5, datetime.now(UTC) - timedelta(hours=30))
    api = open_api()
    assert ids(page(api)) == [3, 1, 5, 6]

    order(published_shop, 6, datetime.now(UTC) - timedelta(hours=18))

    assert ids(page(api)) == [3, 1, 5]


@pytest.fixture
def mixed_shop(crowded_shop: Engine) -> Engine:
    """Each category has its part of the first thirty products of user 1's list and of the others."""
    with session_scope(crowded_shop) as session:
        session.execute(update(Product).where(Product.product_id >= 100).values(category_id=Product.product_id % 3 + 1))
    return crowded_shop


def rank_habits(engine: Engine, score: float, score_of_new: float) -> None:
    """Let user 1's list begin with thirty earlier purchases, of which as many are bought as the scores say."""
    entries = [
        [each, each % 3 + 1, *((score, "bought_before") if each < 130 else (score_of_new, "favourite_type"))]
        for each in CROWD
    ]
    with session_scope(engine) as session:
        session.merge(Recommendation(batch_id=BATCH, user_id=1, products=entries))


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (2, 2), (5, 5), (10, 9), (20, 18), (30, 18)])
def test_earlier_purchases_have_a_share_of_the_head(
    mixed_shop: Engine, open_api: Callable[..., TestClient], limit: int, most: int
) -> None:
    rank_habits(mixed_shop, 0.9, 0.01)

    shown = ids(page(open_api(), limit=limit))

    assert sum(each < 130 for each in shown[:20]) == most
    assert shown[20:] == sorted(set(range(100, 130)) - set(shown[:20]))[: len(shown[20:])]


def test_who_buys_more_that_is_new_sees_fewer_earlier_purchases(
    mixed_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    rank_habits(mixed_shop, 0.5, 0.3)
    with session_scope(mixed_shop) as session:
        [entries] = session.scalars(select(Recommendation.products).where(Recommendation.user_id == 1))
        unlikely = [[*entry[:2], 0.2, entry[3]] if entry[0] >= 138 else entry for entry in entries]
        session.merge(Recommendation(batch_id=BATCH, user_id=1, products=unlikely))

    shown = ids(page(open_api()))

    assert sum(each < 130 for each in shown) == 20 - len(range(130, 138))  # a new one counts twice: 0.6, then 0.4


def test_a_reason_names_no_product_that_is_hidden(api: TestClient, published_shop: Engine) -> None:
    entries = [[6, 3, 0.5, "bought_together"], [3, 2, 0.4, "favourite_type"], [5, 3, 0.1, "popular"]]
    with session_scope(published_shop) as session:
        session.merge(Recommendation(batch_id=BATCH, user_id=1, products=entries))
        session.merge(ProductNeighbours(batch_id=BATCH, product_id=1, products=[[6, 3, 0.2, "bought_together"]]))
        session.get_one(Product, 1).is_visible = False

    [first, *_] = page(api, explain=True)

    assert (first["product_id"], first["reason"]["code"]) == (6, "bought_together")
    assert first["reason"]["facts"]["goes_with"] is None


def test_reasons_quote_what_the_shopper_did(api: TestClient, published_shop: Engine) -> None:
    entries = [[1, 1, 0.9, "bought_before"], [6, 3, 0.5, "bought_together"], [3, 2, 0.4, "favourite_type"]]
    with session_scope(published_shop) as session:
        session.merge(Recommendation(batch_id=BATCH, user_id=1, products=[*entries, [5, 3, 0.1, "popular"]]))
        session.merge(ProductNeighbours(batch_id=BATCH, product_id=3, products=[[6, 3, 0.2, "bought_together"]]))

    products = page(api, explain=True)

    assert [(each["product_id"], each["reason"]["code"]) for each in products] == [
        (1, "bought_before"),
        (6, "bought_together"),
        (3, "favourite_type"),
        (5, "popular"),
    ]
    facts = [{name: value for name, value in each["reason"]["facts"].items() if value} for each in products]
    assert facts == [
        {"num_orders": 4, "days_between": 7, "days_since": (datetime.now(UTC) - day(22)).days},
        {"goes_with": "Whole Milk 1 l"},
        {"product_type": "Bread"},
        {},
    ]


def test_a_page_with_reasons_shows_the_same_products(api: TestClient) -> None:
    for query in ({}, {"user_id": 4}, {"limit": 3}):
        assert ids(page(api, **query)) == ids(page(api, explain=True, **query))


def test_a_shopper_stays_in_one_variant_and_variants_have_their_share() -> None:
    experiment = Experiment("challenger", 0.3)

    variants = [experiment.assign(user_id) for user_id in range(20_000)]

    assert variants == [experiment.assign(user_id) for user_id in range(20_000)]
    assert set(variants) == {CHAMPION, "challenger"}
    assert 0.29 < variants.count("challenger") / len(variants) < 0.31
    assert experiment.assign(None) is None
    assert Experiment().assign(1) is None


def test_each_arm_sees_its_own_lists(published_shop: Engine, tmp_path: Any, sqlite_url: str) -> None:
    with session_scope(published_shop) as session:
        session.add(
            RecommendationBatch(
                batch_id="20260125T120000Z-v9", epoch=2, as_of=day(25), model_version="9", state="published"
            )
        )
        session.flush()
        for user in (1, 2):
            entries = [[6, 3, 0.9, "popular"]]
            session.add(Recommendation(batch_id="20260125T120000Z-v9", user_id=user, products=entries))
        session.add(BatchPointer(name=name_pointer("challenger"), batch_id="20260125T120000Z-v9", epoch=2))
    settings = Settings(
        var_dir=tmp_path, shop_database_url=sqlite_url, platform_database_url=sqlite_url, compared_alias="challenger"
    )
    variant_of = {user: Experiment("challenger", 0.5).assign(user) for user in (1, 2, 3, 4)}

    with TestClient(create_app(settings, PATIENT)) as api:
        for user in (1, 2):
            headers = api.get(HOME, params={"user_id": user, "limit": 1}).headers
            version = "9" if variant_of[user] == "challenger" else "7"
            assert (headers["x-arm"], headers["x-model-version"]) == (variant_of[user], version)
        assert "x-arm" not in api.get(HOME).headers


def test_without_lists_of_the_second_alias_nothing_is_compared(
    published_shop: Engine, tmp_path: Any, sqlite_url: str
) -> None:
    settings = Settings(
        var_dir=tmp_path,
        shop_database_url=sqlite_url,
        platform_database_url=sqlite_url,
        compared_alias="challenger",
        compared_share=0.999,
    )

    with TestClient(create_app(settings, PATIENT)) as api:
        headers = api.get(HOME, params={"user_id": 1}).headers

    assert "x-arm" not in headers
    assert headers["x-model-version"] == "7"


def test_of_a_family_the_page_shows_what_was_ranked_first(
    crowded_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with session_scope(crowded_shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((100, 101, 103, 140))).values(family_id=7))
        session.execute(update(Product).where(Product.product_id == 100).values(stock=0))

    api = open_api()
    shown = page(api, limit=4)

    assert ids(shown) == [101, 102, 130, 131]
    assert not set(ids(page(api, limit=60))) & {100, 103, 140}
    assert all(set(product) == {"product_id", "category_id", "title", "price", "image_url"} for product in shown)
    explained = page(api, limit=4, explain=True)
    assert [product["family_id"] for product in explained[:2]] == [7, None]
