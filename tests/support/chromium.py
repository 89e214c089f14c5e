"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

LIMIT_MS = 120_000
"""Longest wait for anything on a page. What it waits for takes a second or two; a busy machine takes longer."""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a browser without a window, and end it."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"], timeout=LIMIT_MS)
        yield browser
        browser.close()
