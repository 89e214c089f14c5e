"""Between batch and request anything may happen to the shop: no page ever breaks a rule or runs short."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update

from api.application import create_app
from api.queries.choices import ChosenProduct
from settings import Settings
from shop.database import open_engine, session_scope
from shop.migrate import PLATFORM, migrate
from shop.tables import (
    NOT_INTERESTED_PRODUCT,
    NOT_INTERESTED_TYPE,
    Category,
    Order,
    OrderItem,
    Product,
    ProductImage,
    Recommendation,
    RecommendationBatch,
    ShopperChoice,
    UserCoupon,
)
from tests.api.conftest import BATCH, PATIENT, publish_by_hand
from tests.support.tiny_shop import fill_tiny_shop

CATEGORIES, PRODUCTS = range(1, 7), range(1, 61)
NEVER_SOLD = range(41, 61)
"""Products without orders, which may be deleted for good."""

FAMILIES = (None, 1, 2, 3, 4)
"""A product is in one of them by its id, in a shop with families, until it joins another."""

KINDS = (None, "Tea", "", "Soap", "Rice", "Tape", "Twine")

NOW = datetime.now(UTC)
PRODUCT = st.sampled_from(PRODUCTS)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("hide"), PRODUCT, st.booleans()),
        st.tuples(st.just("stock"), PRODUCT, st.integers(0, 2)),
        st.tuples(st.just("price"), PRODUCT, st.integers(0, 99_999)),
        st.tuples(st.just("move"), PRODUCT, st.sampled_from(CATEGORIES)),
        st.tuples(st.just("join"), PRODUCT, st.sampled_from(FAMILIES)),
        st.tuples(st.just("delete"), st.sampled_from(NEVER_SOLD), st.just(0)),
        st.tuples(st.just("order"), st.sampled_from(range(1, 41)), st.integers(1, 30)),
        st.tuples(st.just("refuse"), PRODUCT, st.sampled_from([NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE])),
    ),
    max_size=40,
)


def find_reason(product_id: int) -> str:
    """Two of three products that are ranked were bought before."""
    return "bought_before" if product_id % 3 else "favourite_type"


class Shop:
    """A shop with sixty products and a list of all of them for user 1, put back to its beginning for each example."""

    def __init__(self, folder: Path):
        url = f"sqlite:///{folder / 'shop.db'}"
        self.engine: Engine = open_engine(url)
        migrate(self.engine)
        migrate(self.engine, PLATFORM)
        fill_tiny_shop(self.engine)
        publish_by_hand(self.engine)
        with session_scope(self.engine) as session:
            session.add_all(Category(category_id=each, name=f"Category {each}") for each in CATEGORIES if each > 3)
        self.settings = Settings(var_dir=folder, shop_database_url=url, platform_database_url=url)

    def reset(self, ranked: list[int], *, has_families: bool) -> None:
        with session_scope(self.engine) as session:
            for table in (UserCoupon, OrderItem, Order, ProductImage, ShopperChoice):
                session.execute(delete(table))
            known = set(session.scalars(select(Product.product_id)))
            rows = [self.describe(each, has_families=has_families) for each in PRODUCTS]
            missing = [row for row in rows if row["product_id"] not in known]
            if missing:
                session.execute(insert(Product), missing)
            session.execute(update(Product), [row for row in rows if row["product_id"] in known])
            entries = [[each, 1 + each % 6, 1 / rank, find_reason(each)] for rank, each in enumerate(ranked, start=1)]
            session.merge(Recommendation(batch_id=BATCH, user_id=1, products=entries))

    @staticmethod
    def describe(product_id: int, *, has_families: bool) -> dict[str, Any]:
        family_id = FAMILIES[product_id // 4 % len(FAMILIES)] if has_families else None
        values = {"product_id": product_id, "category_id": 1 + product_id % 6, "title": f"Product {product_id}"}
        values["brand"] = f"Brand {product_id % 5}"
        values["product_type"] = KINDS[product_id // 6 % len(KINDS)]
        return values | {"price": Decimal(product_id), "stock": 5, "is_visible": True, "family_id": family_id}

    def change(self, kind: str, product_id: int, value: Any) -> None:
        with session_scope(self.engine) as session:
            row = update(Product).where(Product.product_id == product_id)
            if kind == "delete":
                session.execute(delete(Product).where(Product.product_id == product_id))
            elif kind == "refuse":
                if (product := session.get(Product, product_id)) is not None:
                    chosen = ChosenProduct(value, product_id, product.product_type, product.category_id)
                    known = select(ShopperChoice).where(ShopperChoice.choice_key == chosen.key)
                    if session.scalar(known) is None:
                        session.add(ShopperChoice(user_id=1, choice_key=chosen.key, made_at=NOW, **chosen._asdict()))
            elif kind == "order":
                at = datetime.now(UTC) - timedelta(hours=value)
                order = Order(user_id=1, status="paid", ordered_at=at, total_amount=Decimal(1))
                session.add(order)
                session.flush()
                line = {"product_id": product_id, "quantity": 1, "unit_price": Decimal(1)}
                session.add(OrderItem(order_id=order.order_id, **line))
            else:
                fields = {"hide": "is_visible", "stock": "stock", "price": "price", "move": "category_id"}
                field = (fields | {"join": "family_id"})[kind]
                session.execute(row.values({field: Decimal(value) / 100 if kind == "price" else value}))

    def allowed(self) -> dict[int, Product]:
        """Return what may be shown to user 1, worked out the slow way."""
        edge = datetime.now(UTC) - timedelta(hours=12)
        with session_scope(self.engine) as session:
            lines = select(OrderItem.product_id).join(Order, Order.order_id == OrderItem.order_id)
            lately = set(session.scalars(lines.where(Order.ordered_at > edge)))
            every = session.scalars(select(Product)).all()
            refused = session.scalars(select(ShopperChoice)).all()
            at_products = {each.product_id for each in refused if each.kind == NOT_INTERESTED_PRODUCT}
            of_families = select(Product.family_id).where(Product.product_id.in_(at_products))
            families = set(session.scalars(of_families)) - {None}
            kinds = {each.product_type or each.category_id for each in refused if each.kind == NOT_INTERESTED_TYPE}
            session.expunge_all()
        bought = {name_thing(each) for each in every if each.product_id in lately}
        sellable = [each for each in every if each.is_visible and each.stock > 0]
        return {
            each.product_id: each
            for each in sellable
            if each.product_id not in lately and name_thing(each) not in bought
            if each.product_id not in at_products and each.family_id not in families
            if (each.product_type or each.category_id) not in kinds
        }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("property"))
    with session_scope(shop.engine) as session:
        session.execute(update(RecommendationBatch).values(as_of=datetime.now(UTC)))
    yield shop
    shop.engine.dispose()


@pytest.fixture(scope="module")
def api(shop: Shop) -> Iterator[TestClient]:
    with TestClient(create_app(shop.settings, PATIENT)) as client:
        yield client


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    ranked=st.lists(PRODUCT, unique=True, max_size=60),
    changes=CHANGES,
    limit=st.integers(1, 60),
    has_families=st.booleans(),
)
def test_no_page_ever_breaks_a_rule_or_runs_short(
    shop: Shop,
    api: TestClient,
    ranked: list[int],
    changes: list[tuple[str, int, Any]],
    limit: int,
    has_families: bool,
) -> None:
    shop.reset(ranked, has_families=has_families)
    api.get("/recommendations/home", params={"user_id": 1, "limit": limit})
    for change in changes:
        shop.change(*change)

    answer = api.get("/recommendations/home", params={"user_id": 1, "limit": limit})

    allowed, shown = shop.allowed(), answer.json()["recommendations"]
    ids = [product["product_id"] for product in shown]
    assert answer.status_code == 200
    assert set(ids) <= allowed.keys()
    assert len(ids) == len(set(ids)) == min(limit, len({name_thing(product) for product in allowed.values()}))
    assert len({name_thing(allowed[product_id]) for product_id in ids}) == len(ids)
    assert all(product["price"] == float(allowed[product["product_id"]].price) for product in shown)
    assert all(product["category_id"] == allowed[product["product_id"]].category_id for product in shown)
    _check_variety(shown, allowed, limit)
    _check_repeats([each for each in ranked if each in allowed], shown, allowed, limit)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    ranked=st.lists(PRODUCT, unique=True, max_size=60),
    changes=CHANGES,
    limit=st.integers(1, 15),
    has_families=st.booleans(),
)
def test_no_shelf_ever_breaks_a_rule_or_runs_short(
    shop: Shop,
    api: TestClient,
    ranked: list[int],
    changes: list[tuple[str, int, Any]],
    limit: int,
    has_families: bool,
) -> None:
    shop.reset(ranked, has_families=has_families)
    api.get("/recommendations/shelves", params={"user_id": 1, "limit": limit})
    for change in changes:
        shop.change(*change)

    answer = api.get("/recommendations/shelves", params={"user_id": 1, "limit": limit})

    allowed, shelves = shop.allowed(), answer.json()["shelves"]
    shown = [product["product_id"] for shelf in shelves for product in shelf["products"]]
    num_things = len({name_thing(product) for product in allowed.values()})
    assert answer.status_code == 200
    assert set(shown) <= allowed.keys()
    assert len({name_thing(allowed[product_id]) for product_id in shown}) == len(shown)
    assert {shelf["code"]: len(shelf["products"]) for shelf in shelves}["popular"] == limit or len(shown) == num_things
    assert all(min(4, limit) <= len(shelf["products"]) <= limit for shelf in shelves if shelf["code"] != "popular")


def name_thing(product: Product) -> tuple[str, int]:
    """Name what a page shows once: a family, or a product without one."""
    return ("product", product.product_id) if product.family_id is None else ("family", product.family_id)


def _check_variety(shown: list[dict[str, Any]], allowed: dict[int, Product], limit: int) -> None:
    """A category may only exceed its share when all that others offer stands in the head already."""
    slots = min(limit, 20)
    most = max(2, int(0.4 * slots))
    head = {name_thing(allowed[each["product_id"]]): each["category_id"] for each in shown[:slots]}
    in_head = Counter(head.values())
    crowded = [category for category, number in in_head.items() if number > most]
    for category in {product.category_id for product in allowed.values()} - set(crowded):
        things = {name_thing(product) for product in allowed.values() if product.category_id == category}
        on_offer = [thing for thing in things if head.get(thing, category) == category]
        if crowded:
            assert in_head[category] == min(len(on_offer), most)


def _check_repeats(ranked: list[int], shown: list[dict[str, Any]], allowed: dict[int, Product], limit: int) -> None:
    """Earlier purchases may only exceed their share when nothing else has room in the head."""
    slots = min(limit, 20)
    head = {each["product_id"] for each in shown[:slots]}
    if sum(find_reason(each) == "bought_before" for each in head.intersection(ranked)) <= ceil(0.9 * slots):
        return
    in_category = Counter(allowed[each].category_id for each in head)
    full = {category for category, number in in_category.items() if number >= max(2, int(0.4 * slots))}
    things = {name_thing(allowed[each]) for each in head}
    new = [each for each in ranked if find_reason(each) != "bought_before" and allowed[each].category_id not in full]
    assert {name_thing(allowed[each]) for each in new} <= things
