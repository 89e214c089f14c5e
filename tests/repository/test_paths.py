"""Paths of the API and of the pages: one server may serve both, and nginx tells them apart by the first word."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOR_OPERATORS = {"metrics"}


def first_words(paths: list[str]) -> set[str]:
    return {path.strip("/").split("/")[0] for path in paths} - {""}


def test_nginx_hands_every_path_of_the_api_on() -> None:
    paths = json.loads((ROOT / "api/schemas/openapi.json").read_text())["paths"]
    [words] = re.findall(r"location ~ \^/\(([a-z|]+)\)", (ROOT / "frontend/nginx/pages.conf").read_text())

    assert first_words(list(paths)) - FOR_OPERATORS == set(words.split("|"))


def test_no_page_begins_like_a_path_of_the_api() -> None:
    paths = json.loads((ROOT / "api/schemas/openapi.json").read_text())["paths"]
    pages = first_words(re.findall(r"lazily\('([^'*]+)'", (ROOT / "frontend/src/app/router.tsx").read_text()))

    assert "search" in pages
    assert not pages & first_words(list(paths))
