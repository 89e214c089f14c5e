"""From a recommendation to an order, and what the shop learns from it."""

import re
import time
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.frontend.conftest import PHONE, OpenPage
from tests.frontend.shop import BATCH, RunningShop
from tests.frontend.test_quality import violations

LIMIT_SECONDS = 90


def wait_until(condition: Callable[[], bool], page: Page) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        page.wait_for_timeout(200)


def product_link(product_id: int) -> str:
    return f'#recommendations a[href="/product/{product_id}"]'


def test_what_was_ordered_gives_way_on_the_homepage(open_page: OpenPage, shop: RunningShop) -> None:
    user_id = 3
    product_id = shop.find_never_bought(user_id)
    page = open_page(f"/?shopper={user_id}", consent="granted")

    page.locator(product_link(product_id)).click()
    page.get_by_role("button", name="장바구니 담기", exact=True).click()
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="장바구니, 1개").click()
    page.get_by_role("button", name="주문하고 결제하기").click()
    expect(page.get_by_text("주문해 주셔서 고마워요!")).to_be_visible()
    page.get_by_role("link", name="새로운 추천 보러 가기").click()

    expect(page.locator("#recommendations article").first).to_be_visible()
    expect(page.locator(product_link(product_id))).to_have_count(0)
    page.get_by_role("link", name="주문 내역").click()
    expect(page.get_by_role("article").first).to_contain_text(title)
    wait_until(lambda: {"click", "cart", "order"} <= {event.event_type for event in shop.events(user_id)}, page)
    told = [event for event in shop.events(user_id) if event.event_type in ("click", "cart", "order")]
    assert {event.product_id for event in told} == {product_id}
    assert len({(event.request_id, event.position, event.batch_id) for event in told}) == 1
    assert told[0].batch_id == BATCH


def test_only_products_that_were_in_view_count_as_seen(open_page: OpenPage, shop: RunningShop) -> None:
    user_id = 5
    page = open_page(f"/?shopper={user_id}", consent="granted")
    expect(page.locator("#recommendations article").first).to_be_visible()

    wait_until(lambda: bool(shop.events(user_id)), page)

    seen = shop.events(user_id)
    assert {event.event_type for event in seen} == {"impression"}
    assert 0 < len(seen) < page.locator("#recommendations article").count()
    shelves = {event.shelf for event in seen}
    assert all({event.position for event in seen if event.shelf == shelf} >= set(range(6)) for shelf in shelves)
    assert len({(event.shelf, event.position) for event in seen}) == len(seen)


def test_a_page_that_closes_still_tells_what_was_clicked(open_page: OpenPage, shop: RunningShop) -> None:
    user_id = 7
    page = open_page(f"/?shopper={user_id}", consent="granted")
    page.locator("#recommendations article a").first.click()
    page.get_by_role("button", name="장바구니 담기", exact=True).wait_for()

    page.close(run_before_unload=True)

    other = open_page("/cart")
    wait_until(lambda: "click" in {event.event_type for event in shop.events(user_id)}, other)


def test_a_shopper_who_declines_leaves_no_trace(open_page: OpenPage, shop: RunningShop) -> None:
    user_id = 9
    page = open_page(f"/?shopper={user_id}", consent="undecided")
    page.get_by_role("button", name="아니요").click()
    page.locator("#recommendations article a").first.click()
    page.wait_for_timeout(6_000)

    assert shop.events(user_id) == []


def test_a_cart_waits_for_the_next_visit(open_page: OpenPage) -> None:
    page = open_page("/?shopper=11")
    page.get_by_role("button", name="장바구니에 담기").first.click()

    page.goto("/cart")

    expect(page.get_by_role("link", name="장바구니, 1개")).to_be_visible()
    expect(page.get_by_role("button", name="주문하고 결제하기")).to_be_enabled()


def test_the_cart_shows_what_coupons_take_off_and_the_order_costs_that(open_page: OpenPage, shop: RunningShop) -> None:
    user_id = 13
    product_id = shop.find_never_bought(user_id)
    shop.give_coupon(user_id, product_id, percent=50)
    page = open_page(f"/product/{product_id}?shopper={user_id}", viewport=PHONE)
    page.get_by_role("button", name="장바구니 담기", exact=True).click()
    page.get_by_role("link", name="장바구니, 1개").click()

    sums = page.get_by_role("region", name="주문하고 결제하기").locator("dl > div")
    expect(sums).to_have_count(3)
    expect(sums.nth(1)).to_contain_text("50% 할인")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    full, saved, total = (float(row.locator("dd").inner_text().replace("$", "")) for row in sums.all())
    page.get_by_role("button", name="주문하고 결제하기").click()

    assert (full > total > 0, round(full + saved, 2)) == (True, total)
    expect(page.get_by_text(f"${total:.2f} 결제")).to_be_visible()


def test_a_search_finds_words_of_titles(open_page: OpenPage) -> None:
    page = open_page("/?shopper=1")
    words = page.locator("#recommendations article h3").first.inner_text()

    box = page.get_by_role("combobox", name="검색")
    box.fill(words)
    box.press("Enter")

    expect(page.get_by_role("link", name=words, exact=True).first).to_be_visible()


def test_the_keys_alone_complete_a_search_and_narrow_what_it_found(open_page: OpenPage) -> None:
    page = open_page("/search?query=a&shopper=1", reduced_motion="reduce")
    department = page.get_by_role("group", name="카테고리").get_by_role("link").first
    typed = department.locator("bdi").inner_text()[:3]
    asked = f"/catalogue/suggestions?query={quote(typed)}"
    wait_until(lambda: page.request.get(asked).json()["suggestions"] != [], page)  # soon after the API's start

    department.press("Enter")
    expect(page).to_have_url(re.compile("category="))
    expect(department).to_have_attribute("aria-current", "true")
    expect(department).to_be_focused()

    box = page.get_by_role("combobox", name="검색")
    box.fill(typed)
    option = page.get_by_role("option").first
    expect(option).to_be_visible()
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    box.press("Enter")
    expect(page).not_to_have_url(re.compile("category="))
    expect(page.get_by_role("option")).to_have_count(0)
