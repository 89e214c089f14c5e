import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, insert, select, update

from api.db.connections import HeldConnection, ThreadConnections
from api.db.databases import Databases
from api.db.reader import DatabaseReader
from api.merchandising import rules_cache
from api.merchandising.rules import AppliedRules
from api.merchandising.rules_cache import RulesCache
from api.queries.catalogue import SellableProduct
from api.queries.rules import Rule
from shop.migrate import PLATFORM, migrate
from shop.tables import BusinessRule, BusinessRuleChange, Product
from tests.support.tiny_shop import fill_tiny_shop

HOME = "/recommendations/home"
SOON = timedelta(seconds=0.3)


def write_rule(engine: Engine, action: str, kind: str, target: int | str, **values: Any) -> None:
    """Write a rule as the admin's API does."""
    name = "target_text" if isinstance(target, str) else "target_id"
    with engine.begin() as connection:
        row = {"action": action, "target_kind": kind, name: target, **values}
        rule_id = connection.execute(insert(BusinessRule).values(row)).inserted_primary_key[0]
        connection.execute(insert(BusinessRuleChange).values(rule_id=rule_id, changed_by="민지"))


@pytest.fixture
def engine(any_empty_shop: Engine) -> Engine:
    """The tiny shop on each of the three databases in turn, with the platform's tables beside its own."""
    migrate(any_empty_shop, PLATFORM)
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


@contextmanager
def open_databases(engine: Engine) -> Iterator[Databases]:
    connect = HeldConnection if engine.dialect.name == "sqlite" else ThreadConnections
    databases = Databases(*(DatabaseReader(name, connect(engine), 30) for name in ("shop", "platform")))
    yield databases
    databases.close()


def read(engine: Engine, best: Sequence[SellableProduct] = ()) -> RulesCache:
    cache = RulesCache(lambda: best)
    with open_databases(engine) as databases:
        asyncio.run(cache.renew(databases))
    return cache


CATEGORY_OF = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}
TARGETS = [
    (Rule(1, "hide", "product", 1), {1}),
    (Rule(1, "hide", "family", 3), {3, 4}),
    (Rule(1, "hide", "family", 5), {5}),
    (Rule(1, "hide", "brand", target_text="Alpine"), {1, 2}),
    (Rule(1, "hide", "product_type", target_text="Bread"), {3}),
    (Rule(1, "hide", "category", 3), {5, 6}),
    (Rule(1, "hide", "brand", target_text="alpine"), set()),
]


def test_a_rule_finds_its_products(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_cache, "MEMBERS_AT_ONCE", 1)  # members are read in pieces
    monkeypatch.setattr("api.queries.rules.MEMBERS_AT_ONCE", 1)
    with engine.begin() as connection:
        connection.execute(update(Product).where(Product.product_id.in_([3, 4])).values(family_id=7))

    with open_databases(engine) as databases:
        found = [asyncio.run(RulesCache().resolve(databases.shop, rule)) for rule, _ in TARGETS]
        others = [set(asyncio.run(databases.shop.read(_fetch_others, AppliedRules([resolved])))) for resolved in found]

    meant = [{each for each, category in CATEGORY_OF.items() if resolved.covers(each, category)} for resolved in found]
    assert meant == [expected for _, expected in TARGETS]
    assert others == [CATEGORY_OF.keys() - expected for _, expected in TARGETS]


def _fetch_others(connection: Connection, rules: AppliedRules) -> Sequence[int]:
    return connection.execute(select(Product.product_id).where(*rules.list_conditions())).scalars().all()


def test_rules_are_read_with_their_dates_and_pins_with_stand_ins(engine: Engine) -> None:
    now = datetime.now(UTC)
    write_rule(engine, "pin", "category", 3, value=2, starts_at=now, ends_at=now + timedelta(days=1))
    write_rule(engine, "hide", "product", 1, ends_at=now)
    write_rule(engine, "hide", "product", 3, is_active=False)

    applied = read(engine, [SellableProduct(5, 3, "", 1.0, "")]).current

    [pin] = applied.list_pins([])
    assert (pin.slot, [product_id for product_id, _ in pin.choices]) == (2, [5, 6])
    assert applied.list_conditions() == []


def test_a_rule_begins_and_ends_by_the_clock_alone(tiny_shop: Engine) -> None:
    now = datetime.now(UTC)
    write_rule(tiny_shop, "hide", "product", 1, starts_at=now + SOON, ends_at=now + 2 * SOON)
    cache = read(tiny_shop)
    states: list[bool] = []

    while datetime.now(UTC) < now + 2.2 * SOON:
        is_hidden = cache.current.hides(1, 1)
        if states[-1:] != [is_hidden]:
            states.append(is_hidden)
        sleep(0.01)

    assert states == [False, True, False]


def test_pages_obey_a_rule_that_another_process_wrote(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    api = open_api()
    lists = ["/products", "/products?category_id=1", "/products/3/similar", "/catalogue/search?query=milk"]
    paths = [HOME, f"{HOME}?user_id=1", f"{HOME}?user_id=3", *lists]
    assert all(_shows(api, path, 1) for path in paths)

    write_rule(published_shop, "hide", "brand", "Alpine")

    deadline = monotonic() + 10
    while any(_shows(api, path, 1) for path in paths):
        assert monotonic() < deadline
        sleep(0.05)
    assert api.get("/products/1").status_code == 200


def test_a_page_names_the_rule_that_pinned_a_product(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    write_rule(published_shop, "pin", "product", 6, value=1)
    api = open_api()

    answer = api.get(HOME, params={"user_id": 1, "explain": True})

    first, second, *_ = answer.json()["recommendations"]
    assert (first["product_id"], first["rules"], first["rung"]) == (6, [{"rule_id": 1, "action": "pin"}], "pinned")
    assert (second["product_id"], second["rules"], second["rung"]) == (3, [], "published")
    assert answer.headers["x-rung"].startswith("pinned,published")


def test_what_is_hidden_stays_hidden_in_a_start_without_the_databases(
    published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Any
) -> None:
    write_rule(published_shop, "hide", "product", 1)
    first = open_api()
    deadline = monotonic() + 10
    while not (tmp_path / "api" / "last_good.json").exists():
        assert monotonic() < deadline
        sleep(0.05)
    assert not _shows(first, HOME, 1)
    (tmp_path / "shop.db").rename(tmp_path / "away.db")

    without = open_api()

    answer = without.get(HOME)
    assert answer.headers["x-rung"] == "local:popular"
    assert 1 not in [each["product_id"] for each in answer.json()["recommendations"]]


def _shows(api: TestClient, path: str, product_id: int) -> bool:
    products = next(value for value in api.get(path).json().values() if isinstance(value, list))
    return product_id in [product["product_id"] for product in products]
