"""A shopper's own choices in a real browser: refused on the homepage, listed, taken back."""

import re

import pytest
from playwright.sync_api import expect

from tests.frontend.conftest import DESK, PHONE, OpenPage
from tests.frontend.test_quality import violations


@pytest.mark.parametrize(("viewport", "user_id"), [(DESK, 5), (PHONE, 6)], ids=["desk", "phone"])
def test_a_refused_product_leaves_the_page_and_comes_back_from_the_list(
    open_page: OpenPage, viewport: dict[str, int], user_id: int
) -> None:
    page = open_page(f"/?shopper={user_id}", viewport=viewport, locale="en-US", reduced_motion="reduce")
    menu = page.get_by_role("button", name=re.compile("^Not interested in ")).first
    title = re.sub("^Not interested in (.*)[?]$", r"\1", menu.get_attribute("aria-label") or "")

    menu.press("Enter")
    page.get_by_role("menuitem", name="Not interested in this").press("Enter")

    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    expect(page.get_by_role("link", name=title, exact=True)).to_have_count(0)
    assert violations(page) == []

    page.get_by_role("link", name="All my choices").click()
    row = page.get_by_role("list", name="My choices").get_by_role("listitem")
    expect(row).to_contain_text(title)
    assert violations(page) == []
    row.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Nothing chosen yet")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("link", name=title, exact=True)).to_have_count(1)


def test_a_line_of_an_order_is_called_a_gift(open_page: OpenPage) -> None:
    page = open_page("/my-orders?shopper=5", viewport=PHONE)
    gift = page.get_by_role("button", name=re.compile("^선물로 샀어요")).first

    gift.click()
    expect(gift).to_have_attribute("aria-pressed", "true")
    page.reload()

    expect(gift).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []
    gift.click()
    expect(gift).to_have_attribute("aria-pressed", "false")
