"""A reviewer in MLflow's UI: reads the version's page, moves the alias by hand, and the homepage changes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from settings import Settings
from tests.end_to_end.conftest import Installation
from tests.end_to_end.test_promotion import LIMIT_SECONDS, served
from tests.end_to_end.versions import FIRST, register, score_otherwise
from tests.support.chromium import LIMIT_MS, open_browser
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def page() -> Iterator[Page]:
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(LIMIT_MS)
        yield page


def open_version(page: Page, settings: Settings, version: int) -> None:
    page.goto(f"{settings.mlflow_tracking_uri}/#/models/{settings.model_name}/versions/{version}")
    expect(page.get_by_role("heading", name=f"Version {version}")).to_be_visible(timeout=LIMIT_MS)


def test_the_page_of_a_trained_version_shows_verdict_comparison_and_plots(
    page: Page, installation: Installation
) -> None:
    open_version(page, installation.settings, FIRST)

    expect(page.get_by_text("Verdict: promote.")).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_role("cell", name="own purchases").first).to_be_visible(timeout=LIMIT_MS)
    page.wait_for_function("[...document.images].filter(i => i.src.includes('plots') && i.naturalWidth).length == 3")


def test_moving_the_alias_in_the_ui_changes_the_homepage(page: Page, installation: Installation) -> None:
    settings = installation.settings
    version = register(settings, score_otherwise, {"verdict": "promote", "reason": "made by a test."})
    wait_for(lambda: served(settings).is_all(FIRST), LIMIT_SECONDS)
    open_version(page, settings, version)

    page.locator("[data-component-id*='modelversionviewaliaseditor']").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.keyboard.type("champion")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(f"also being used on version {FIRST}", timeout=LIMIT_MS)
    page.get_by_role("button", name="Save aliases").click()

    wait_for(lambda: served(settings).is_all(version), LIMIT_SECONDS)
