"""The pages from right to left, as Arabic or Hebrew would have them: nothing sticks out, nothing is lost."""

import pytest
from playwright.sync_api import expect

from tests.frontend.conftest import DESK, PHONE, OpenPage
from tests.frontend.shop import RunningShop
from tests.frontend.test_quality import PAGES, violations

FROM_RIGHT_TO_LEFT = "document.documentElement.dir = 'rtl'"
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", [*PAGES, "/product/{product}?shopper=1"])
def test_a_page_fits_from_right_to_left(
    open_page: OpenPage, shop: RunningShop, path: str, viewport: dict[str, int]
) -> None:
    product = shop.recommended(1)[0]
    page = open_page(path.format(product=product), viewport=viewport, reduced_motion="reduce", consent="undecided")
    page.wait_for_load_state("networkidle")

    page.evaluate(FROM_RIGHT_TO_LEFT)

    expect(page.get_by_role("main")).not_to_be_empty()
    assert page.evaluate(FITS)
    assert violations(page) == []


def test_what_stands_first_stands_at_the_right(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    first, second = page.locator("#recommendations article").first, page.locator("#recommendations article").nth(1)
    expect(second).to_be_visible()
    brand, cart = page.locator("header a").first, page.get_by_role("link", name="장바구니")

    page.evaluate(FROM_RIGHT_TO_LEFT)

    for before, after in ((first, second), (brand, cart)):
        assert before.bounding_box()["x"] > after.bounding_box()["x"]
