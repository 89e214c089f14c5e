"""Values of headers, which hold no line break and no letter beyond ASCII, whatever a database calls a thing."""

from urllib.parse import quote

LONGEST_VALUE = 200


def to_header(text: str) -> str:
    """Return text as the value of a header: printable ASCII as it is, any other percent-encoded, either way bounded.

    Args:
        text: a name or a number from outside of this process.
    """
    is_plain = text.isascii() and text.isprintable()
    return (text if is_plain else quote(text, safe="", errors="replace"))[:LONGEST_VALUE]
