"""The documentation's site: it builds, a link that leads nowhere stops it, and it fetches nothing from elsewhere."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page

from tests.support.chromium import LIMIT_MS, open_browser

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 300


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    return subprocess.run(
        [*command, "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew."""
    folder = tmp_path_factory.mktemp("site")
    ended = build(folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site on a port of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        yield browser.new_page()


@pytest.mark.parametrize(
    "name", ["index", "ko", "how-it-works/architecture", "operations", "decisions/index", "reference/training"]
)
def test_a_page_asks_nobody_else_for_anything(address: str, page: Page, name: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{address}/{name}.html", wait_until="networkidle", timeout=LIMIT_MS)

    assert asked
    assert [url for url in asked if not url.startswith(address)] == []


def test_diagrams_are_drawn(address: str, page: Page) -> None:
    page.goto(f"{address}/how-it-works/architecture.html")

    page.wait_for_function("document.querySelectorAll('div.mermaid').length === 3", timeout=LIMIT_MS)

    assert page.locator("pre.mermaid").count() == 0


def test_the_search_finds_a_word_of_ours(address: str, page: Page) -> None:
    page.goto(f"{address}/index.html")

    page.get_by_role("textbox", name="Search").fill("golden rows")

    page.locator(".md-search-result__item").first.wait_for(timeout=LIMIT_MS)


def test_a_link_to_the_code_leads_to_a_page_that_shows_it(address: str, page: Page) -> None:
    page.goto(f"{address}/index.html")

    page.get_by_role("link", name="training/model/wide_deep.py").click()

    assert "class WideDeep" in page.locator("code").first.inner_text(timeout=LIMIT_MS)


def test_the_reference_holds_what_is_public_and_nothing_private(site: Path) -> None:
    text = (site / "reference" / "serving.html").read_text(encoding="utf-8")

    assert 'id="serving.batch.batch_state.move_pointer"' in text
    assert 'id="serving.batch.batch_state._move"' not in text


def test_links_that_lead_nowhere_stop_the_build_and_are_named(tmp_path: Path) -> None:
    """All at once, and without the reference, which takes most of a build."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("reference"))
    with (tmp_path / "docs" / "limits.md").open("a", encoding="utf-8") as file:
        file.write("[a](no-page.md) [b](../training/no_source.py) [c](glossary.md#no-heading)\n")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace("deploy/development", f"{ROOT}/deploy/development")
    config = tmp_path / "mkdocs.yml"
    head, rest = text.partition("\nplugins:")[0], text.partition("\nmarkdown_extensions:")[2].partition("\nnav:")[0]
    config.write_text(f"{head}\nmarkdown_extensions:{rest}\n", encoding="utf-8")

    ended = build(tmp_path / "site", config)

    assert ended.returncode == 1
    assert all(name in ended.stderr for name in ("no-page.md", "no_source.py", "no-heading"))
