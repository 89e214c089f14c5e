"""Debian's Chromium on the built pages, over a real API and a small published shop."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from shop.migrate import migrate
from tests.frontend.shop import PRODUCTION, ROOT, RunningShop
from tests.support.chromium import LIMIT_MS, open_browser
from tests.support.ports import free_settings

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ADMIN_PASSWORD = "a-password-of-the-tests"
HARMLESS = re.compile(r"Failed to load resource")  # the browser's own note of what the page then says in words

OpenPage = Callable[..., Page]

expect.set_options(timeout=LIMIT_MS)


@pytest.fixture(scope="package")
def pages() -> None:
    """The pages, built if they are not."""
    subprocess.run([sys.executable, "-m", "deploy.local.pages", "build"], cwd=ROOT, check=True, timeout=900)


@pytest.fixture(scope="package")
def shop(pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A running shop in which anybody may be any shopper."""
    settings = free_settings(tmp_path_factory.mktemp("var"))
    yield from run_shop(RunningShop(settings, API_ADMIN_PASSWORD=ADMIN_PASSWORD))


@pytest.fixture(scope="module")
def production_shop(pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A running shop in production, where nobody chooses who they are."""
    settings = free_settings(tmp_path_factory.mktemp("production"))
    yield from run_shop(RunningShop(settings, "production_api", **PRODUCTION))


def run_shop(running: RunningShop) -> Iterator[RunningShop]:
    """Fill a shop, start its API, end it."""
    migrate(running.settings.shop_database_url)
    try:
        running.fill()
        running.start_api()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def open_page(shop: RunningShop, browser: Browser) -> Iterator[OpenPage]:
    """Open a path as a new visitor. Whatever a page complains about in the console fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_one(
        path: str = "/",
        *,
        at: RunningShop = shop,
        locale: str = "ko-KR",
        viewport: Any = DESK,
        consent: str = "declined",
        **options: Any,
    ) -> Page:
        context = browser.new_context(locale=locale, viewport=viewport, base_url=at.url, **options)
        context.set_default_timeout(LIMIT_MS)
        context.add_init_script(
            f"localStorage.getItem('31ie.consent') ?? localStorage.setItem('31ie.consent', '\"{consent}\"')"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.goto(path, timeout=LIMIT_MS)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [line for line in complaints if not HARMLESS.search(line)] == []
