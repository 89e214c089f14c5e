"""Ids of text as segments of a path: percent-encoded, and `.` and `..` in a form that browsers leave alone."""

import re
from urllib.parse import quote, unquote

_DOTS = re.compile(r"~*\.\.?")
"""Dots alone, escaped or not: an id such as `~.` has one more `~` in a path."""


def write_segment(text: str) -> str:
    """Write an id as a segment of a path, which comes back through any browser."""
    return quote(f"~{text}" if _DOTS.fullmatch(text) else text, safe="")


def read_segment(segment: str) -> str:
    """Read an id from a segment of a path as it was sent."""
    return unescape_dots(unquote(segment))


def unescape_dots(text: str) -> str:
    """Read an id from a segment that is decoded already."""
    return text[1:] if text.startswith("~") and _DOTS.fullmatch(text) else text
