"""A storefront as a merchant configured it, and one that nobody did."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from shop.database import open_engine
from shop.storefront.document import remove_document, write_document
from tests.frontend.conftest import DESK, PHONE, OpenPage
from tests.frontend.shop import RunningShop
from tests.frontend.test_quality import violations

DOCUMENT = """
name = { ko = "달콤상회 초콜릿과 선물을 파는 아주 긴 이름의 가게", en = "Sweet & Co" }
tagline = { ko = "손으로 만든 초콜릿", en = "Chocolate by hand" }
[colours]
primary = "#5b2a86"
[departments."Category 01"]
name = { ko = "شوكولاتة", en = "Chocolate" }
icon = "chocolate-bar"
[[banners]]
title = { ko = "겨울 선물", en = "Winter gifts" }
department = "Category 01"
pictures = ["wrapped-gift", "candle"]
background = "#fbe4ee"
"""
FOLLOWS_MS = 30_000


def configure(shop: RunningShop, document: str) -> None:
    """Write a document, or remove the last one."""
    engine = open_engine(shop.settings.platform_database_url)
    catalogue = open_engine(shop.settings.shop_database_url, read_only=True)
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection, catalogue.connect() as theirs:
        if document:
            write_document(connection, document, theirs)
        else:
            remove_document(connection)
    engine.dispose()
    catalogue.dispose()


@pytest.fixture(scope="module")
def configured(shop: RunningShop) -> Iterator[RunningShop]:
    configure(shop, DOCUMENT)
    shop.stop_api()  # a new one reads the document at once
    shop.start_api()
    yield shop
    configure(shop, "")
    shop.stop_api()
    shop.start_api()


@pytest.mark.parametrize(("viewport", "colours"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "dark phone"])
@pytest.mark.parametrize(
    ("locale", "name", "title", "department"),
    [
        ("ko-KR", "달콤상회 초콜릿과 선물을 파는 아주 긴 이름의 가게", "겨울 선물", "شوكولاتة"),
        ("en-US", "Sweet & Co", "Winter gifts", "Chocolate"),
    ],
    ids=["ko", "en"],
)
def test_the_pages_are_the_merchants(
    open_page: OpenPage,
    configured: RunningShop,
    viewport: dict[str, int],
    colours: str,
    locale: str,
    name: str,
    title: str,
    department: str,
) -> None:
    page = open_page("/?shopper=1", locale=locale, viewport=viewport, reduced_motion="reduce", color_scheme=colours)

    expect(page).to_have_title(name, timeout=FOLLOWS_MS)
    expect(page.get_by_role("heading", level=2, name=title)).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name=department)).to_be_visible()
    button = page.get_by_role("search").get_by_role("button")
    if colours == "light":  # in the dark it is as much lighter as axe asks for below
        expect(button).to_have_css("background-color", "rgb(91, 42, 134)")
    expect(page.locator("#recommendations article").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
