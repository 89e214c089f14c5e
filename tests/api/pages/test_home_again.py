"""A shopper's page is given again when all that it was made of is read again and is the same, and then only."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from api.merchandising.rules import AppliedRules, ResolvedRule
from api.merchandising.rules_cache import RulesCache
from api.pages.answer import HomeAnswer
from api.pages.fallback import FallbackCache
from api.pages.home import HomePage
from api.queries.rules import Rule
from api.routes.dependencies import services_of
from shop.database import session_scope
from shop.tables import Coupon, Product, Recommendation, ShopperChoice, User, UserCoupon
from tests.api.conftest import BATCH, publish_by_hand
from tests.support.tiny_shop import day
from tests.support.waiting import wait_for

LIMIT = 2
SHOWN = [3, 1]
"""User 1's page of `LIMIT`."""


class Pages:
    """User 1's pages, asked for after a commit: as on MySQL, nothing tells that nothing has changed."""

    def __init__(self, api: TestClient, shop: Engine):
        assert isinstance(api.app, FastAPI)
        self._api = api
        self._shop = shop
        self.home_page: HomePage = services_of(api.app.state).home_page
        self.fallback: FallbackCache = self.home_page._fallback
        wait_for(lambda: self.fallback.copy.categories, 30)

    def ask(self, user_id: int = 1, limit: int = LIMIT) -> HomeAnswer:
        with session_scope(self._shop) as session:
            session.execute(update(User).where(User.user_id == 2).values(nickname=str(datetime.now(UTC))))
        assert self._api.portal is not None
        return self._api.portal.call(self.home_page.answer, user_id, limit)


@pytest.fixture
def pages(api: TestClient, published_shop: Engine) -> Pages:
    return Pages(api, published_shop)


def list_shown(page: HomeAnswer) -> list[int]:
    return [ranked.product.product_id for ranked in page.ranked_products]


def test_a_page_of_the_same_is_given_again(pages: Pages) -> None:
    first = pages.ask()

    assert list_shown(first) == SHOWN
    assert pages.ask() is first


def test_pages_of_other_lengths_and_shoppers_are_others(pages: Pages) -> None:
    first = pages.ask()

    assert list_shown(pages.ask(limit=1)) == SHOWN[:1]
    assert list_shown(pages.ask(user_id=2)) == [5, 6]
    assert pages.ask() is first


def test_a_page_that_others_lists_filled_is_made_anew(pages: Pages) -> None:
    first = pages.ask(limit=6)

    assert "published" in first.rungs
    assert pages.ask(limit=6) is not first
    assert pages.ask(user_id=4) is not pages.ask(user_id=4)


def test_what_becomes_of_other_products_makes_no_other_page(pages: Pages, published_shop: Engine) -> None:
    first = pages.ask()

    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id == 4).values(price=77))

    assert pages.ask() is first


def hide(session: Session) -> None:
    session.execute(update(Product).where(Product.product_id == 3).values(is_visible=False))


def price(session: Session) -> None:
    session.execute(update(Product).where(Product.product_id == 1).values(price=77))


def rename(session: Session) -> None:
    session.execute(update(User).where(User.user_id == 1).values(nickname="Minji"))


def rank(session: Session) -> None:
    found = select(Recommendation.products).where(Recommendation.user_id == 1)
    reordered = list(reversed(session.scalars(found).one()))
    session.execute(update(Recommendation).where(Recommendation.user_id == 1).values(products=reordered))


def refuse(session: Session) -> None:
    chosen = {"kind": "not_interested_product", "product_id": 1, "category_id": 1, "choice_key": "not_interested:1"}
    session.add(ShopperChoice(user_id=1, made_at=datetime.now(UTC), **chosen))


def give_coupon(session: Session) -> None:
    terms = {"discount_type": "percent", "discount_value": 10, "valid_from": day(1)}
    terms |= {"valid_until": datetime(2199, 1, 1, tzinfo=UTC), "product_id": 6}
    session.execute(insert(Coupon).values(coupon_id=90, code="C90", name="Ten", **terms))
    session.execute(insert(UserCoupon).values(user_id=1, coupon_id=90, issued_at=day(1)))


@pytest.mark.parametrize("change", [hide, price, rename, rank, refuse, give_coupon], ids=lambda each: each.__name__)
def test_a_page_is_made_anew_once_anything_of_it_has_changed(
    pages: Pages, published_shop: Engine, change: Callable[[Session], None]
) -> None:
    first = pages.ask()

    with session_scope(published_shop) as session:
        change(session)
    second = pages.ask()

    assert second is not first
    assert second.body != first.body or second.depends_on_time
    assert pages.ask() is second


def test_another_batch_makes_other_pages(pages: Pages, published_shop: Engine) -> None:
    first = pages.ask()

    later = BATCH.replace("-v7", "-v8")
    publish_by_hand(published_shop, batch_id=later, epoch=2)
    second = pages.ask()

    assert second.body == first.body
    assert second.head is not None
    assert (second.head.batch_id, second.model_version) == (later, "8")


def test_other_rules_make_other_pages(pages: Pages) -> None:
    first = pages.ask()

    hidden = ResolvedRule(Rule(1, "hide", "product", 3), frozenset({3}))
    pages.fallback.rules = RulesCache.fixed(AppliedRules([hidden]))

    assert list_shown(first) == SHOWN
    assert list_shown(pages.ask()) == [1, 5]
