"""The merchant's rules on the page of shelves: whatever they are, and whatever happens to the shop meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine, update

from api.application import create_app
from shop.database import session_scope
from shop.tables import Product
from tests.api.conftest import PATIENT
from tests.api.merchandising.test_rules_cache import write_rule
from tests.api.pages.test_home_property import CATEGORIES, CHANGES, PRODUCT, Shop, name_thing
from tests.api.pages.test_home_property import shop as changing_shop
from tests.api.pages.test_shelves import BOUGHT, NEW, ids, read, shop
from tests.api.routes.test_admin import PASSWORD, RULES, login

__all__ = ["changing_shop", "shop"]

TARGET = st.one_of(
    st.builds(lambda each: {"kind": "category", "category_id": each}, st.sampled_from(CATEGORIES)),
    st.builds(lambda each: {"kind": "brand", "brand": f"Brand {each}"}, st.integers(0, 4)),
    st.builds(lambda each: {"kind": "product_type", "product_type": each}, st.sampled_from(["Tea", "Soap", "Twine"])),
)
THING = st.builds(
    lambda kind, each: {"kind": kind, "product_id": each}, st.sampled_from(["product", "family"]), PRODUCT
)
DRAFTS = st.lists(
    st.one_of(
        st.tuples(st.just("hide"), TARGET | THING, st.none()),
        st.tuples(st.just("cap"), TARGET, st.integers(0, 19)),
        st.tuples(st.just("pin"), TARGET | THING, st.integers(1, 20)),
        st.tuples(st.sampled_from(["boost", "bury"]), TARGET | THING, st.integers(2, 100)),
    ),
    max_size=5,
)

Draft = tuple[str, dict[str, Any], int | None]


@pytest.fixture(scope="module")
def api(changing_shop: Shop) -> Iterator[TestClient]:
    with_admin = changing_shop.settings.model_copy(update={"api_admin_password": SecretStr(PASSWORD)})
    with TestClient(create_app(with_admin, PATIENT), headers=login("Minji")) as client:
        yield client


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    ranked=st.lists(PRODUCT, unique=True, max_size=60),
    bought=st.lists(st.sampled_from(range(1, 41)), unique=True, max_size=12),
    changes=CHANGES,
    drafts=DRAFTS,
    limit=st.integers(1, 15),
    has_families=st.booleans(),
)
def test_no_page_of_shelves_breaks_a_rule_or_runs_short(
    changing_shop: Shop,
    api: TestClient,
    ranked: list[int],
    bought: list[int],
    changes: list[tuple[str, int, Any]],
    drafts: list[Draft],
    limit: int,
    has_families: bool,
) -> None:
    changing_shop.reset(ranked, has_families=has_families)
    for rule in api.get(RULES).json()["rules"]:
        assert api.delete(f"{RULES}/{rule['rule_id']}").status_code == 204
    for change in [*(("order", each, 20) for each in bought), *changes]:
        changing_shop.change(*change)
    drafts = [draft for draft in drafts if write(api, *draft)]

    answer = api.get("/recommendations/shelves", params={"user_id": 1, "limit": limit})

    allowed = changing_shop.allowed()
    hidden = {each for action, target, _ in drafts if action == "hide" for each in find(allowed, target)}
    allowed = {each: product for each, product in allowed.items() if each not in hidden}
    shelves = {shelf["code"]: shelf["products"] for shelf in answer.json()["shelves"]}
    shown = [product["product_id"] for products in shelves.values() for product in products]
    things = {name_thing(product) for product in allowed.values()}
    assert answer.status_code == 200
    assert set(shown) <= allowed.keys()
    assert len({name_thing(allowed[each]) for each in shown}) == len(shown)
    assert len(shelves["popular"]) == limit or len(shown) == len(things)
    assert all(min(4, limit) <= len(products) <= limit for code, products in shelves.items() if code != "popular")
    check_caps(drafts, shown, allowed)
    check_pin(drafts, shelves, allowed, ranked)


def write(api: TestClient, action: str, target: dict[str, Any], value: int | None) -> bool:
    """Make a rule, unless it contradicts another or means nothing."""
    answer = api.post(RULES, json={"action": action, "target": target, "value": value})
    assert answer.status_code in (201, 409, 422), answer.text
    return answer.status_code == 201


def find(products: dict[int, Product], target: dict[str, Any]) -> set[int]:
    """Find the products that a rule means, by what they are now."""
    kind, value = target["kind"], list(target.values())[1]
    if kind in ("brand", "category", "product_type"):
        column = "category_id" if kind == "category" else kind
        return {product_id for product_id, product in products.items() if getattr(product, column) == value}
    families = {products[value].family_id} - {None} if kind == "family" and value in products else set()
    return {each for each, product in products.items() if each == value or product.family_id in families}


def check_caps(drafts: list[Draft], shown: list[int], allowed: dict[int, Product]) -> None:
    """A cap may only be exceeded when all that no full cap speaks of is on the page, which counts as one list."""
    caps = [(find(allowed, target), value or 0) for action, target, value in drafts if action == "cap"]
    if all(len(meant.intersection(shown)) <= most for meant, most in caps):
        return
    full = [meant for meant, most in caps if len(meant.intersection(shown)) >= most]
    others = {name_thing(product) for each, product in allowed.items() if not any(each in meant for meant in full)}
    assert others <= {name_thing(allowed[each]) for each in shown}


def check_pin(
    drafts: list[Draft], shelves: dict[str, list[dict[str, Any]]], allowed: dict[int, Product], ranked: list[int]
) -> None:
    """A lone pin of a product stands in its slot of the first shelf that proposes it, unless a cap forbids."""
    pins = [(target, slot) for action, target, slot in drafts if action == "pin"]
    if len(pins) != 1 or pins[0][0]["kind"] != "product" or any(action == "cap" for action, *_ in drafts):
        return
    [(target, slot)] = pins
    product_id = target["product_id"]
    if product_id not in allowed:
        return
    [code] = [code for code, products in shelves.items() if product_id in [each["product_id"] for each in products]]
    products = shelves[code]
    at = min(slot or 1, len(products)) - 1
    assert (products[at]["product_id"], products[at]["rung"]) == (product_id, "pinned")
    own = "buy_again" if products[at]["reason"]["facts"]["num_orders"] else "new_for_you"
    assert code in (own, "popular")
    if code == "popular" and own == "new_for_you" and product_id in ranked:
        assert own not in shelves


@pytest.mark.parametrize(
    ("product_id", "code"),
    [(BOUGHT[5], "buy_again"), (NEW[9], "new_for_you"), (135, "because_you_bought"), (5, "popular")],
    ids=["bought", "ranked", "goes with a purchase", "nothing of the shopper's"],
)
def test_a_pin_stands_on_the_first_shelf_that_may_show_it(
    shop: Engine, open_api: Callable[..., TestClient], product_id: int, code: str
) -> None:
    write_rule(shop, "pin", "product", product_id, value=2)

    shelves = read(open_api(), limit=5)

    assert [each for each, shelf in shelves.items() if product_id in ids(shelf)] == [code]
    pinned = shelves[code]["products"][1]
    assert (pinned["product_id"], pinned["rules"]) == (product_id, [{"rule_id": 1, "action": "pin"}])


def test_a_pin_beyond_a_shelf_stands_last_on_it(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    write_rule(shop, "pin", "product", BOUGHT[8], value=20)

    assert ids(read(open_api(), limit=5)["buy_again"]) == [*BOUGHT[:4], BOUGHT[8]]


def test_a_pin_of_a_shelf_that_is_left_out_goes_on_to_the_next(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, 3, *BOUGHT[3:]))).values(stock=0))
    write_rule(shop, "pin", "product", BOUGHT[1], value=1)

    shelves = read(open_api(), limit=5)

    assert "buy_again" not in shelves
    assert ids(shelves["popular"])[0] == BOUGHT[1]


def test_of_a_family_the_pinned_variant_is_shown_though_another_is_proposed_before(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((BOUGHT[0], 5))).values(family_id=7))
    write_rule(shop, "pin", "product", 5, value=1)

    shelves = read(open_api(), limit=5)

    assert ids(shelves["buy_again"]) == list(BOUGHT[1:6])
    assert ids(shelves["popular"])[0] == 5


def test_a_cap_counts_on_all_shelves_together(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    write_rule(shop, "cap", "category", 2, value=3)

    shelves = read(open_api(), limit=4)

    products = [product for shelf in shelves.values() for product in shelf["products"]]
    assert [each["product_id"] for each in products if each["category_id"] == 2] == [100, 103, 112]
    assert all(len(ids(shelf)) == 4 for shelf in shelves.values())


def test_what_a_shelf_that_is_left_out_held_does_not_count(shop: Engine, open_api: Callable[..., TestClient]) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, 3, *BOUGHT[3:]))).values(stock=0))
    write_rule(shop, "cap", "category", 2, value=1)

    shelves = read(open_api(), limit=5)

    assert "buy_again" not in shelves, "three remain of it"
    assert [each["product_id"] for each in shelves["new_for_you"]["products"] if each["category_id"] == 2] == [112]


def test_a_capped_product_comes_back_only_where_nothing_else_is_left(
    shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id.not_in((100, 103, 106, 109, 112))).values(stock=0))
    write_rule(shop, "cap", "category", 2, value=0)

    shelves = read(open_api(), limit=5)

    assert list(shelves) == ["popular"]
    assert sorted(ids(shelves["popular"])) == [100, 103, 106, 109, 112]
