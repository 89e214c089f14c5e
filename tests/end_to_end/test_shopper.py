"""A shopper in a browser, with every part of the platform real behind the pages: from a recommendation to its order.

Other tests of this folder move the alias and publish lists; these ask what is served instead of knowing it.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from settings import Settings
from tests.end_to_end.conftest import Installation
from tests.support.chromium import LIMIT_MS, open_browser
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)

LIMIT_SECONDS, SETTLED_SECONDS = 60, 180
ALL_ORDERS = 100

Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def settings(installation: Installation) -> Settings:
    return installation.settings


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, settings: Settings) -> Iterator[Visit]:
    """Open a page of the shop as somebody who agreed to be learnt from."""
    context = browser.new_context(
        base_url=settings.api_url, locale="ko-KR", viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(LIMIT_MS)
    context.add_init_script("localStorage.setItem('31ie.consent', '\"granted\"')")

    def open_one(path: str) -> Page:
        page = context.new_page()
        page.goto(path, timeout=LIMIT_MS)
        return page

    yield open_one
    context.close()


def ask(settings: Settings, path: str, **query: Any) -> httpx.Response:
    return httpx.get(settings.api_url + path, params=query, timeout=LIMIT_SECONDS).raise_for_status()


def shoppers(settings: Settings, kind: str) -> list[dict[str, Any]]:
    return [each for each in ask(settings, "/users").json()["users"] if each["kind"] == kind]


def bought(settings: Settings, user_id: int) -> set[int]:
    orders = ask(settings, f"/users/{user_id}/orders", limit=ALL_ORDERS).json()["orders"]
    return {line["product_id"] for order in orders for line in order["items"]}


def cards(page: Page) -> Locator:
    return page.locator("#recommendations article")


def recommended(page: Page) -> list[int]:
    """Read which products a homepage shows, once they are there: the rows come together."""
    expect(cards(page).first).to_be_visible(timeout=LIMIT_MS)
    links = cards(page).locator("h3 a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [int(link.rsplit("/", 1)[1]) for link in links]


def expect_title(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=LIMIT_MS)


def test_a_shopper_follows_a_recommendation_orders_it_and_it_gives_way(visit: Visit, settings: Settings) -> None:
    shopper = shoppers(settings, "light")[0]
    user_id, title = shopper["user_id"], f"{shopper['nickname']}님을 위한 추천"
    page = visit(f"/?shopper={user_id}")
    expect_title(page, title)
    product_id = next(each for each in recommended(page) if each not in bought(settings, user_id))

    page.locator(f'#recommendations a[href="/product/{product_id}"]').click()
    page.get_by_role("button", name="장바구니 담기", exact=True).click()
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="장바구니, 1개").click()
    page.get_by_role("button", name="주문하고 결제하기").click()
    expect(page.get_by_text("주문해 주셔서 고마워요!")).to_be_visible(timeout=LIMIT_MS)
    page.get_by_role("link", name="주문 내역").first.click()
    expect(page.get_by_role("article").first).to_contain_text(name, timeout=LIMIT_MS)
    page.get_by_role("link", name="쇼핑몰, 홈").click()

    expect_title(page, title)
    assert product_id not in recommended(page)
    newest = ask(settings, f"/users/{user_id}/orders", limit=1).json()["orders"][0]
    assert [(line["product_id"], line["quantity"]) for line in newest["items"]] == [(product_id, 1)]
    assert newest["status"] == "paid"


def test_an_order_changes_the_list_within_a_second(settings: Settings) -> None:
    user_id = shoppers(settings, "heavy")[1]["user_id"]

    def read() -> tuple[dict[int, str], httpx.Response]:
        answer = ask(settings, "/recommendations/home", user_id=user_id, limit=20, explain=True)
        return {each["product_id"]: each["rung"] for each in answer.json()["recommendations"]}, answer

    def is_settled() -> bool:
        serving = httpx.post(f"{settings.serving_url}/status", json={}, timeout=LIMIT_SECONDS).json()
        rungs, answer = read()
        return set(rungs.values()) == {"published"} and f"-{serving['model']}-" in answer.headers["x-batch-id"]

    wait_for(is_settled, SETTLED_SECONDS)
    before, published = read()
    product_id = next(each for each in before if each not in bought(settings, user_id))
    order = {"user_id": user_id, "order_key": f"again-{user_id}", "items": [{"product_id": product_id, "quantity": 1}]}
    httpx.post(f"{settings.api_url}/orders", json=order, timeout=LIMIT_SECONDS).raise_for_status()
    began = time.monotonic()

    after, answer = read()

    assert time.monotonic() - began < 1
    assert product_id not in after
    assert list(after) != [each for each in before if each != product_id]
    assert set(after.values()) == {"model"}
    assert answer.headers["x-batch-id"] == published.headers["x-batch-id"]
    assert answer.headers["x-model-version"] == published.headers["x-model-version"]


def test_every_recommended_product_has_a_picture(visit: Visit, settings: Settings) -> None:
    page = visit(f"/?shopper={shoppers(settings, 'heavy')[0]['user_id']}")
    num_products = len(recommended(page))

    for card in cards(page).all():
        card.scroll_into_view_if_needed(timeout=LIMIT_MS)

    drawn = "[...document.querySelectorAll('#recommendations article img')].filter(i => i.naturalWidth > 0).length"
    page.wait_for_function(f"{drawn} === {num_products}", timeout=LIMIT_MS)


def test_another_shopper_is_recommended_other_products(visit: Visit, settings: Settings) -> None:
    first, second = shoppers(settings, "heavy")[0], shoppers(settings, "light")[1]
    page = visit(f"/?shopper={first['user_id']}")
    expect_title(page, f"{first['nickname']}님을 위한 추천")
    before = recommended(page)

    page.get_by_role("button", name=f"고객 선택: {first['nickname']}").click()
    page.get_by_role("menuitemradio", name=re.compile(re.escape(second["nickname"]))).first.click()

    expect_title(page, f"{second['nickname']}님을 위한 추천")
    assert recommended(page) != before


def test_the_panel_names_the_version_that_bentoml_serves(visit: Visit, settings: Settings) -> None:
    user_id = shoppers(settings, "heavy")[0]["user_id"]

    def serving() -> str:
        asked = {"user_ids": [user_id], "k": 1}
        answer = httpx.post(f"{settings.serving_url}/recommend", json=asked, timeout=LIMIT_SECONDS)
        return str(answer.raise_for_status().json()["model_version"])

    def is_settled() -> bool:
        return ask(settings, "/recommendations/home", user_id=user_id).headers["x-model-version"] == serving()

    wait_for(is_settled, SETTLED_SECONDS)
    page = visit(f"/?shopper={user_id}")
    page.get_by_role("button", name=re.compile("^추천의 뒷모습")).click()

    rows = page.get_by_role("dialog").locator("dl > div")
    version = rows.filter(has=page.get_by_text("모델 버전", exact=True)).locator("dd")
    expect(version).to_have_text(serving(), timeout=LIMIT_MS)
