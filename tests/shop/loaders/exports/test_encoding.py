"""Encodings and separators of exports, as shops' programs write them."""

import codecs
from pathlib import Path

import pytest

from shop.loaders.exports.encoding import find_encoding, find_separator


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("utf-8", "홍길동,Zoë", "utf-8-sig"),
        ("utf-8-sig", "홍길동", "utf-8-sig"),
        ("utf-16", "홍길동", "utf-16"),
        ("ascii", "plain", "utf-8-sig"),
        ("cp949", "사용자,상품\n홍길동,녹차 100g\n", "cp949"),
        ("cp949", "똠방각하,펲시콜라,녹차,홍차\n", "cp949"),
        ("cp1252", "Äpfel, Öl, Übergröße, Crème brûlée, Ñandú, 5 €\n", "cp1252"),
        ("cp1252", "Äpfel\n", "cp1252"),
        ("latin-1", "caf\xe9 \x81\n", "latin-1"),
    ],
)
def test_it_is_recognised(tmp_path: Path, written: str, text: str, expected: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(written))

    assert find_encoding(path) == expected
    assert path.read_text(encoding=expected) == text


def test_both_marks_of_utf_16_are_known(tmp_path: Path) -> None:
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        (tmp_path / codec).write_bytes(mark + "a,b".encode(codec))
        assert find_encoding(tmp_path / codec) == "utf-16"


@pytest.mark.parametrize(
    ("header", "separator"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb", "\t"), ('"a;b;c","d"', ","), ('"price, net";tax', ";"), ("alone", ",")],
)
def test_the_separator_stands_outside_quotation_marks(header: str, separator: str) -> None:
    assert find_separator(header) == separator
