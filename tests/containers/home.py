"""A shopper's home in a real browser: which products its rows show, and that they are of the published lists."""

from dataclasses import dataclass

from playwright.sync_api import Browser, Response, expect

from tests.support.chromium import LIMIT_MS


@dataclass(frozen=True)
class SeenHome:
    """What a browser saw.

    Attributes:
        title: the heading of the page.
        rows: the products of each row, by the row's intent; of two rows of one intent, of both.
    """

    title: str
    rows: dict[str, list[int]]


def see_home(browser: Browser, address: str, shopper: int, *, ignore_https_errors: bool = False) -> SeenHome:
    """Open a shopper's home and wait until each product that the published lists brought stands on it, in its order.

    Args:
        browser: runs.
        address: of the storefront.
        shopper: the user to look as, where shoppers may be chosen.
        ignore_https_errors: of a certificate that no browser trusts.
    """
    page = browser.new_context(locale="en-US", ignore_https_errors=ignore_https_errors).new_page()
    with page.expect_response(_has_lists, timeout=LIMIT_MS) as answered:  # a busy machine may answer from a copy first
        page.goto(f"{address}/?shopper={shopper}", timeout=LIMIT_MS)
    rows: dict[str, list[int]] = {}
    for row in answered.value.json()["shelves"]:
        rows.setdefault(row["code"], []).extend(product["product_id"] for product in row["products"])
    answer = [product["product_id"] for row in answered.value.json()["shelves"] for product in row["products"]]
    links = page.locator("#recommendations article h3 a")
    expect(links).to_have_count(len(answer), timeout=LIMIT_MS)
    assert [link.get_attribute("href") for link in links.all()] == [f"/product/{product}" for product in answer]
    expect(links.first).to_be_visible()
    return SeenHome(page.get_by_role("heading", level=1).inner_text(), rows)


def _has_lists(answer: Response) -> bool:
    return "/recommendations/shelves" in answer.url and "published" in answer.headers.get("x-rung", "").split(",")
