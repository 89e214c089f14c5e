import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.web.static_files import StorefrontPages

SCRIPT = b"void 0;" * 1000
GZIPPED = gzip.compress(SCRIPT, mtime=0)
BROTLI = b"as the build compressed it"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def built_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storefront as its build leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Storefront</title>")
    (folder / "assets" / "app.js").write_bytes(SCRIPT)
    (folder / "assets" / "app.js.gz").write_bytes(GZIPPED)
    (folder / "assets" / "app.js.br").write_bytes(BROTLI)
    monkeypatch.setattr("api.application.STOREFRONT_PAGES", folder)


def test_the_built_pages_are_served_and_their_own_paths_begin_at_the_start_page(
    built_pages: None, published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    api = open_api()

    for path in ("/", "/cart", "/category/3"):
        answer = api.get(path, headers=BROWSER)
        assert (answer.status_code, answer.text) == (200, "<title>Storefront</title>")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert api.get("/assets/app.js").status_code == 200
    assert api.get("/recommendations/home", headers=BROWSER).json()["recommendations"]


def test_pages_travel_compressed_and_are_kept_as_long_as_they_stay_the_same(
    built_pages: None, published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    api = open_api()

    script, start, page = (
        api.get(path, headers=BROWSER | {"Accept-Encoding": "gzip"}) for path in ("/assets/app.js", "/", "/cart")
    )

    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "Accept-Encoding" in script.headers["vary"]
    assert int(script.headers["content-length"]) < 1000 < len(script.content)
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert {answer.headers["cache-control"] for answer in (start, page)} == {"no-cache"}
    assert api.get("/assets/gone.js", headers=BROWSER).status_code == 404
    again = api.get("/", headers={"If-None-Match": start.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip;q=0.5, br; q=0", "gzip"), ("identity", None), ("", None)],
    ids=["the smallest", "one refused", "none of ours", "nothing said"],
)
def test_a_browser_gets_the_smallest_file_that_it_takes(
    built_pages: None, published_shop: Engine, open_api: Callable[..., TestClient], accepted: str, encoding: str | None
) -> None:
    with open_api().stream("GET", "/assets/app.js", headers={"Accept-Encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())

    assert (answer.status_code, answer.headers.get("content-encoding")) == (200, encoding)
    assert "Accept-Encoding" in answer.headers["vary"]
    assert body == {"br": BROTLI, "gzip": GZIPPED, None: SCRIPT}[encoding]
    again = open_api().get(
        "/assets/app.js", headers={"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_what_asks_for_data_is_told_that_there_is_none(
    built_pages: None, published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    answer = open_api().get("/nothing", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_the_storefronts_development_server_may_call(api: TestClient) -> None:
    answer = api.get("/categories", headers={"Origin": "http://localhost:5173"})
    foreign = api.get("/categories", headers={"Origin": "https://elsewhere.test"})

    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "access-control-allow-origin" not in foreign.headers


def test_the_path_of_a_folder_is_not_redirected_to_the_host_that_a_request_names(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>Storefront</title>")
    headers = [(b"host", b"elsewhere.example"), (b"accept", b"text/html")]
    scope = {"type": "http", "method": "GET", "path": "/category/..", "headers": headers}

    answer = asyncio.run(StorefrontPages(directory=tmp_path, html=True).get_response(".", scope))

    assert (answer.status_code, answer.headers.get("location")) == (200, None)
