import pytest

from api.web.headers import LONGEST_VALUE, to_header


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20260125-v7-0123456789ab", "20260125-v7-0123456789ab"),
        ("published,popular", "published,popular"),
        ("a b%", "a b%"),
        ("모델", "%EB%AA%A8%EB%8D%B8"),
        ("a\r\nset-cookie: b", "a%0D%0Aset-cookie%3A%20b"),
        ("\0", "%00"),
        ("\x7f", "%7F"),
        ("\ud800", "%3F"),
        ("é", "%C3%A9"),
        ("", ""),
    ],
)
def test_a_value_is_printable_ascii(text: str, value: str) -> None:
    assert to_header(text) == value


@pytest.mark.parametrize("text", ["a" * (LONGEST_VALUE + 1), "é" * LONGEST_VALUE])
def test_a_value_is_bounded(text: str) -> None:
    assert len(to_header(text)) == LONGEST_VALUE
