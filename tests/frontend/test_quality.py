"""What every page must hold: open to all, light, and reachable by its address."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from tests.frontend.conftest import DESK, PHONE, OpenPage
from tests.frontend.shop import ROOT, RunningShop
from tests.support.chromium import LIMIT_MS

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
FIRST_SCRIPTS_BYTES = 150_000
FIRST_STYLES_BYTES = 20_000
MOST_FILES_BEFORE_PAINT = 4
PICTURES_OF_A_BANNER = 4
LEAST_SHIFT_FELT = 0.1
LAYOUT_SHIFT = """() => new Promise((resolve) => {
  const add = (list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0))
  new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true })
  setTimeout(resolve, 500, 0)
})"""
PAGES = [
    "/?shopper=1",
    "/category/1",
    "/search?query=a",
    "/search?query=zzzz",
    "/cart",
    "/my-orders?shopper=1",
    "/my-choices?shopper=1",
    "/nowhere",
]


def violations(page: Page) -> list[str]:
    """Find what axe calls moderate, serious or critical."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] != "minor"]


def weigh(files: list[list[Any]], ending: str) -> int:
    """Add up what files weighed on their way to the browser."""
    return sum({url: size for url, size in files if url.endswith(ending)}.values())


@pytest.mark.parametrize(
    ("viewport", "locale", "colours"),
    [(DESK, "ko-KR", "light"), (PHONE, "en-US", "dark")],
    ids=["desk in Korean", "dark phone in English"],
)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_by_its_address_and_axe_finds_nothing_moderate(
    open_page: OpenPage, path: str, viewport: dict[str, int], locale: str, colours: str
) -> None:
    options = {"reduced_motion": "reduce", "color_scheme": colours}
    page = open_page(path, viewport=viewport, locale=locale, consent="undecided", **options)
    page.wait_for_load_state("networkidle")

    expect(page.get_by_role("main")).not_to_be_empty()
    assert violations(page) == []


def test_axe_finds_nothing_moderate_on_a_product_and_in_open_menus(open_page: OpenPage, shop: RunningShop) -> None:
    page = open_page(f"/product/{shop.recommended(1)[0]}?shopper=1", reduced_motion="reduce")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert violations(page) == []

    page.get_by_role("button", name=re.compile("고객 선택")).click()
    expect(page.get_by_role("menu")).to_be_visible()

    assert violations(page) == []


def test_axe_finds_nothing_moderate_in_a_cart_whose_coupon_was_taken_off(
    open_page: OpenPage, shop: RunningShop
) -> None:
    user_id, product_id = 9, shop.recommended(9)[0]
    shop.give_coupon(user_id, product_id, percent=50)
    page = open_page(f"/product/{product_id}?shopper={user_id}", locale="ko-KR", reduced_motion="reduce")
    page.get_by_role("button", name="장바구니 담기", exact=True).click()
    page.get_by_role("link", name="장바구니, 1개").click()

    page.get_by_role("button", name=re.compile("^쿠폰 빼기")).click()
    expect(page.get_by_role("button", name=re.compile("^쿠폰 다시 쓰기"))).to_be_visible()
    page.wait_for_load_state("networkidle")

    assert violations(page) == []


def test_the_keyboard_alone_changes_the_shopper(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    switcher = page.get_by_role("button", name=re.compile("고객 선택"))
    expect(switcher).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="본문으로 건너뛰기")).to_be_focused()

    switcher.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio").first).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitemradio", name="비회원")).to_be_focused()
    page.keyboard.press("Enter")

    expect(switcher).to_have_accessible_name("고객 선택: 비회원")
    expect(switcher).to_be_focused()


def test_the_first_page_is_light(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    expect(page.locator("#recommendations article").first).to_be_visible()
    page.wait_for_load_state("networkidle")

    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => [entry.name, entry.encodedBodySize])")

    assert 0 < weigh(loaded, ".js") < FIRST_SCRIPTS_BYTES
    assert 0 < weigh(loaded, ".css") < FIRST_STYLES_BYTES


def test_the_first_data_is_asked_for_once_and_while_scripts_are_on_their_way(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    expect(page.locator("#recommendations article").first).to_be_visible()
    page.wait_for_load_state("networkidle")

    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map(entry => [new URL(entry.name).pathname, entry.startTime])"
    )

    asked = {path: [start for each, start in loaded if each == path] for path in ("/storefront", "/users")}
    first_drawing = min(start for path, start in loaded if path.endswith(".svg"))
    assert {path: len(starts) for path, starts in asked.items()} == {"/storefront": 1, "/users": 1}
    assert all(starts[0] < first_drawing for starts in asked.values())


def test_the_shell_is_painted_while_the_pages_are_on_their_way(shop: RunningShop, browser: Browser) -> None:
    held: list[Route] = []
    viewport = ViewportSize(width=PHONE["width"], height=PHONE["height"])
    with browser.new_context(locale="en-US", viewport=viewport, base_url=shop.url) as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.route("**/assets/start-*.js", lambda route: held.append(route))
        page.goto("/?shopper=1", wait_until="commit")
        expect(page.get_by_placeholder("What are you looking for?")).to_be_visible()
        assert page.locator("[inert] header").count() == 1

        for route in held:
            route.continue_()

        expect(page.locator("#recommendations article").first).to_be_visible()
        assert page.locator("[inert] header").count() == 0
        assert page.evaluate(LAYOUT_SHIFT) < LEAST_SHIFT_FELT


def test_the_first_paint_waits_for_few_files_and_the_banner_that_is_shown(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1", reduced_motion="reduce")
    expect(page.locator("#recommendations article").first).to_be_visible()

    start = httpx.get(page.url, timeout=60).text

    files = re.findall(r"<(?:script[^>]+src|link rel=.(?:modulepreload|stylesheet))", start)
    assert 0 < len(files) <= MOST_FILES_BEFORE_PAINT
    pictures = page.locator("section[aria-roledescription=carousel] img")
    expect(pictures).to_have_count(PICTURES_OF_A_BANNER * 2)  # the one shown, and once it is, the one that comes next
