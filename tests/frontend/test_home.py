"""The homepage as a shopper meets it, on a desk and on a phone, in both languages."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.frontend.conftest import DESK, PHONE, OpenPage
from tests.frontend.shop import BATCH, RunningShop

NUM_PRODUCTS = 20
HOME_REQUESTS = "**/recommendations/*"


def cards(page: Page) -> Locator:
    return page.locator("#recommendations article")


def rows(page: Page) -> Locator:
    return page.locator("#recommendations section")


def shown_slide(page: Page) -> int:
    dots = page.locator("section[aria-roledescription=carousel] button[aria-current]")
    return [dot.get_attribute("aria-current") for dot in dots.all()].index("true")


def hold(_route: Route) -> None:
    """Leave a request unanswered."""


@pytest.mark.parametrize(("viewport", "columns"), [(DESK, 6), (PHONE, 2)], ids=["desk", "phone"])
def test_a_row_shows_as_many_products_as_fit(open_page: OpenPage, viewport: dict[str, int], columns: int) -> None:
    page = open_page("/?shopper=1", viewport=viewport)

    expect(rows(page).first.get_by_role("article").nth(columns)).to_be_visible()
    row = rows(page).first.get_by_role("list")
    end = row.bounding_box()["x"] + row.bounding_box()["width"]
    boxes = [card.bounding_box() for card in row.get_by_role("article").all()]
    assert len({box["y"] for box in boxes}) == 1
    assert sum(box["x"] + box["width"] <= end + 1 for box in boxes) == columns
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_row_scrolls_by_its_buttons_and_follows_the_keys(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1", reduced_motion="reduce")
    row = rows(page).filter(has=page.get_by_role("article").nth(7)).first
    first, last = row.get_by_role("article").first, row.get_by_role("article").last
    back, on = (
        row.get_by_role("button", name=re.compile("이전 상품 보기$")),
        row.get_by_role("button", name=re.compile("다음 상품 보기$")),
    )
    expect(back).to_have_attribute("aria-disabled", "true")

    on.click()
    expect(last).to_be_in_viewport()
    expect(on).to_have_attribute("aria-disabled", "true")
    expect(first).not_to_be_in_viewport()

    first.get_by_role("link").focus()
    expect(first).to_be_in_viewport()
    expect(back).to_have_attribute("aria-disabled", "true")


def test_without_shelves_the_list_of_the_homepage_takes_their_place(open_page: OpenPage) -> None:
    page = open_page("/my-orders?shopper=1")
    page.route("**/recommendations/shelves*", lambda route: route.fulfill(status=503, json={}))

    page.get_by_role("link", name="쇼핑몰, 홈").click()

    expect(cards(page)).to_have_count(NUM_PRODUCTS)
    expect(rows(page)).to_have_count(0)


def test_a_desk_shows_what_things_cost_before_it_is_scrolled(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1", viewport={"width": 1440, "height": 900})

    prices = cards(page).locator("span.tabular-nums")

    expect(prices.first).to_be_visible()
    boxes = [price.bounding_box() for price in prices.all()[:6]]
    assert all(box["y"] + box["height"] < 900 for box in boxes)


@pytest.mark.parametrize(
    ("locale", "title", "price"),
    [("ko-KR", r"님을 위한 추천$", r"^\$\d"), ("en-US", r"^Recommended for ", r"^\$\d")],
    ids=["ko", "en"],
)
def test_the_page_speaks_the_browsers_language(open_page: OpenPage, locale: str, title: str, price: str) -> None:
    page = open_page("/?shopper=1", locale=locale)

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(title))
    expect(page.locator("html")).to_have_attribute("lang", locale[:2])
    expect(cards(page).first.get_by_text(re.compile(price))).to_be_visible()


def test_every_picture_that_is_in_view_has_loaded(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    expect(cards(page).first).to_be_visible()

    page.wait_for_load_state("networkidle")

    broken = "imgs => imgs.filter(i => i.complete && i.naturalWidth === 0).map(i => i.src)"
    assert page.eval_on_selector_all("img", broken) == []


def test_nothing_jumps_while_the_page_loads(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    expect(cards(page).first).to_be_visible()
    page.wait_for_load_state("networkidle")

    shift = page.evaluate(
        """() => new Promise(resolve => {
            new PerformanceObserver(list => resolve(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
                .observe({ type: 'layout-shift', buffered: true })
            setTimeout(() => resolve(0), 1000)
        })"""
    )

    assert shift < 0.1


def test_banners_turn_by_themselves_and_rest_under_the_pointer(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    second = page.get_by_role("button", name="2번째 기획전 보기")

    expect(second).to_have_attribute("aria-current", "true")
    page.locator("section[aria-roledescription=carousel]").hover()
    resting = shown_slide(page)
    page.wait_for_timeout(4_000)

    assert shown_slide(page) == resting


def test_banners_stand_still_for_those_who_want_less_motion(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1", reduced_motion="reduce")
    expect(cards(page).first).to_be_visible()

    page.wait_for_timeout(4_000)

    assert shown_slide(page) == 0


def test_another_shopper_sees_another_page(open_page: OpenPage) -> None:
    page = open_page()
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(re.compile("님을 위한 추천"))
    before = title.inner_text(), cards(page).all_inner_texts()

    page.get_by_role("button", name=re.compile("고객 선택")).click()
    page.get_by_role("menuitemradio", checked=False).first.click()

    expect(title).not_to_have_text(before[0])
    assert cards(page).all_inner_texts() != before[1]


def test_the_panel_names_batch_version_and_rung(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")

    page.get_by_role("button", name=re.compile("추천의 뒷모습")).click()

    panel = page.get_by_role("dialog")
    for text in (BATCH, "7"):
        expect(panel.get_by_text(text, exact=True)).to_be_visible()
    expect(panel.get_by_text(re.compile("^published"))).to_be_visible()


def test_a_slow_api_shows_rows_before_the_products(open_page: OpenPage) -> None:
    page = open_page("/my-orders?shopper=1")
    page.route(HOME_REQUESTS, hold)

    page.get_by_role("link", name="쇼핑몰, 홈").click()

    expect(page.get_by_role("status", name="불러오는 중")).to_be_visible()
    page.unroute(HOME_REQUESTS)  # lets go of what is held, too
    expect(cards(page).first).to_be_visible()


def test_a_part_of_the_page_that_does_not_arrive_leaves_the_rest_and_comes_later(open_page: OpenPage) -> None:
    page = open_page("/my-orders?shopper=1")
    menu = page.get_by_role("button", name=re.compile("고객 선택"))
    expect(menu).to_be_visible()
    page.route("**/assets/shopper-switcher-*.js", lambda route: route.abort())

    page.goto("/?shopper=1")
    expect(cards(page).first).to_be_visible()
    expect(menu).to_have_count(0)
    page.unroute("**/assets/shopper-switcher-*.js")

    expect(menu).to_be_visible()
    expect(cards(page).first).to_be_visible()


def test_a_shop_that_is_down_says_so_and_comes_back_by_itself(open_page: OpenPage, shop: RunningShop) -> None:
    page = open_page("/?shopper=1")
    menu = page.get_by_role("button", name=re.compile("고객 선택"))
    expect(menu).to_be_visible()
    expect(cards(page).first).to_be_visible()
    shop.stop_api()
    try:
        menu.click()
        page.get_by_role("menuitemradio", checked=False).last.click()
        expect(page.get_by_role("alert")).to_contain_text("계속 다시 시도할게요")
    finally:
        shop.start_api()

    expect(cards(page).first).to_be_visible()
