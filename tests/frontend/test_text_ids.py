"""The storefront of a shop whose ids are text that addresses have to be careful with."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from shop.database import open_engine
from shop.mapping.id_map import write_ids
from shop.tables import Category, Product, User
from tests.frontend.conftest import OpenPage, run_shop
from tests.frontend.shop import RunningShop
from tests.support.ports import free_settings

KEYS: dict[str, Any] = {"products": Product.product_id, "users": User.user_id, "categories": Category.category_id}


def spell(number: int) -> str:
    return f"0{number}/한글 50%"


class TextShop(RunningShop):
    """The running shop under ids of text."""

    def fill(self) -> None:
        """Give every product, user and department an id of text."""
        super().fill()
        shop, platform = open_engine(self.settings.shop_database_url), open_engine(self.settings.platform_database_url)
        with shop.connect() as theirs, platform.begin() as ours:
            for kind, key in KEYS.items():
                write_ids(ours, kind, {number: spell(number) for number in theirs.scalars(select(key))})
        shop.dispose()
        platform.dispose()


@pytest.fixture(scope="module")
def text_shop(pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A running shop whose ids are text."""
    yield from run_shop(TextShop(free_settings(tmp_path_factory.mktemp("text"))))


def test_a_shopper_of_text_orders_a_product_of_text(open_page: OpenPage, text_shop: RunningShop) -> None:
    shopper = quote(spell(3), safe="")
    page = open_page(f"/?shopper={shopper}", at=text_shop)
    expect(page.locator("#recommendations article").first).to_be_visible()
    link = page.locator("#recommendations article a").first
    assert "%2F%ED%95%9C" in str(link.get_attribute("href"))

    title = page.locator("#recommendations article h3").first.inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.get_by_role("button", name="장바구니 담기", exact=True).click()
    page.get_by_role("link", name="장바구니, 1개").click()
    page.get_by_role("button", name="주문하고 결제하기").click()
    expect(page.get_by_text("주문해 주셔서 고마워요!")).to_be_visible()

    page.get_by_role("link", name="주문 내역").first.click()
    expect(page.get_by_role("article").first).to_contain_text(title)


def test_a_department_of_text_is_opened_and_survives_a_reload(open_page: OpenPage, text_shop: RunningShop) -> None:
    page = open_page("/", at=text_shop)
    link = page.locator("nav li a").first
    name = link.locator("bdi").inner_text()

    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.reload()

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("article").first).to_be_visible()
