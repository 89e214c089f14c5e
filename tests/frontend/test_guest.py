"""Production without DEMO_SHOPPERS: visitors are guests, unless the shop's login has left a token for one shopper."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from api.web.auth import Authenticator
from tests.frontend.conftest import PHONE, OpenPage
from tests.frontend.shop import ROOT, TOKEN_KEY, RunningShop

WORDS = {
    "ko-KR": {
        "title": "지금 인기 있는 상품",
        "subtitle": "요즘 많은 분들이 담는 상품이에요",
        "guest": "비회원",
        "choose": "고객 선택",
        "orders": "지금은 비회원이에요. 주문 내역을 보려면 쇼핑몰에 로그인해 주세요.",
        "cart": "지금은 비회원이에요. 주문하려면 쇼핑몰에 로그인해 주세요.",
        "add": "장바구니 담기",
        "panel": "추천의 뒷모습",
    },
    "en-US": {
        "title": "Popular right now",
        "subtitle": "What most shoppers choose these days",
        "guest": "Guest",
        "choose": "Choose a shopper",
        "orders": "You are a guest here. Sign in to the shop to see your orders.",
        "cart": "You are a guest here. Sign in to the shop to place an order.",
        "add": "Add to cart",
        "panel": "Behind the scenes",
    },
}

in_both_languages = pytest.mark.parametrize("locale", WORDS)


def expect_guest(page: Page, words: dict[str, str]) -> None:
    """A guest's homepage: what is popular, no name, nobody to choose, no trouble."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words["title"])
    expect(page.locator("#recommendations article").first).to_be_visible()
    expect(page.locator("header").get_by_text(words["guest"], exact=True)).to_be_visible()
    expect(page.get_by_text(words["subtitle"])).to_be_visible()
    expect(page.get_by_role("button", name=words["choose"])).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


@in_both_languages
@pytest.mark.parametrize("path", ["/", "/?shopper=12"], ids=["first visit", "a link names a shopper"])
def test_a_visitor_is_a_guest(open_page: OpenPage, production_shop: RunningShop, locale: str, path: str) -> None:
    page = open_page(path, at=production_shop, locale=locale)

    expect_guest(page, WORDS[locale])


@in_both_languages
def test_a_guest_is_told_that_orders_need_a_login(
    open_page: OpenPage, production_shop: RunningShop, locale: str
) -> None:
    words = WORDS[locale]
    page = open_page("/my-orders", at=production_shop, locale=locale, viewport=PHONE)
    expect(page.get_by_text(words["orders"])).to_be_visible()

    page.goto("/")
    page.locator("#recommendations article a").first.click()
    page.get_by_role("button", name=words["add"], exact=True).click()
    page.goto("/cart")

    expect(page.get_by_text(words["cart"])).to_be_visible()


@in_both_languages
def test_who_looks_around_finds_the_setting_for_demonstrations(
    open_page: OpenPage, production_shop: RunningShop, locale: str
) -> None:
    page = open_page("/", at=production_shop, locale=locale)

    page.get_by_role("button", name=WORDS[locale]["panel"]).click()

    expect(page.get_by_role("dialog")).to_contain_text("DEMO_SHOPPERS=true")


def hand_over(page: Page, user_id: int, lifetime: timedelta) -> None:
    """Leave a token as docs/tokens.md has a shop's login leave it, once the page has found out that its visitor is a
    guest."""
    expect(page.get_by_role("heading", level=1)).to_have_text(WORDS["en-US"]["title"])
    [script] = re.findall(r"```js\n(.+?)```", (ROOT / "docs" / "tokens.md").read_text(), re.DOTALL)
    token = str(Authenticator(TOKEN_KEY).issue(str(user_id), lifetime))
    with page.expect_navigation():
        page.evaluate(script.replace("12", str(user_id)).replace("TOKEN", token))


def test_a_token_of_the_shops_login_makes_the_page_its_shoppers(
    open_page: OpenPage, production_shop: RunningShop
) -> None:
    page = open_page("/", at=production_shop, locale="en-US")

    hand_over(page, 3, timedelta(hours=1))

    expect(page.get_by_role("heading", level=1)).to_contain_text("Recommended for ")
    expect(page.locator("header").get_by_text("Guest", exact=True)).to_have_count(0)
    page.get_by_role("link", name="My orders").click()
    expect(page.get_by_role("article").first).to_be_visible()


def test_an_expired_token_leaves_a_guest(open_page: OpenPage, production_shop: RunningShop) -> None:
    page = open_page("/", at=production_shop, locale="en-US")

    hand_over(page, 3, timedelta(hours=-1))

    expect_guest(page, WORDS["en-US"])
