"""Ids of text in paths: back to the last character, whatever they hold."""

from urllib.parse import urljoin

import pytest

from shop.mapping.path_segments import read_segment, write_segment

IDS = ["0012", "a/b c", "50%", "%2E", "한글", "?#", ".", "..", "...", "~.", "~..", "~~.", "~", "~1", ".a", "a.", "~.a"]


@pytest.mark.parametrize("text", IDS)
def test_an_id_comes_back_from_its_segment(text: str) -> None:
    assert read_segment(write_segment(text)) == text


@pytest.mark.parametrize("text", IDS)
def test_no_segment_is_a_step_to_another_path(text: str) -> None:
    address = f"/products/{write_segment(text)}/similar"

    assert urljoin("https://shop.example/", address) == f"https://shop.example{address}"


@pytest.mark.parametrize(("text", "segment"), [(".", "~."), ("..", "~.."), ("~.", "~~."), ("~1", "~1"), ("...", "...")])
def test_only_dots_are_escaped(text: str, segment: str) -> None:
    assert write_segment(text) == segment
