import re

import pytest

from api.web.id_addresses import cut_path, cut_query, join, list_ids
from api.web.id_fields import TextId
from shop.mapping.path_segments import write_segment

KINDS = frozenset({"products", "users"})
PATHS = [re.compile(r"^/products/(?P<product_id>[^/]+)/similar$"), re.compile(r"^/products/(?P<product_id>[^/]+)$")]


@pytest.mark.parametrize("text", ["0012", "a/b c", "50%", "%2F", "한글", "?#&=+", "a b", " ", "x\0", ".", "..", "~."])
def test_an_id_in_a_path_is_decoded_once(text: str) -> None:
    pieces = cut_path(f"/products/{write_segment(text)}/similar".encode(), PATHS, KINDS)

    assert list_ids(pieces) == [TextId("products", text)]
    assert join(pieces, {TextId("products", text): 7}) == b"/products/7/similar"


@pytest.mark.parametrize(
    "path", [b"/products", b"/products/", b"/products/a/b/similar", b"/", b"", b"/products/\xff/x"]
)
def test_a_path_that_names_none_stays_as_it_is(path: bytes) -> None:
    assert cut_path(path, PATHS, KINDS) == [path]


def test_ids_of_other_kinds_stay_as_they_are() -> None:
    assert join(cut_path(b"/products/7", PATHS, frozenset({"users"})), {}) == b"/products/7"
    assert join(cut_query(b"product_id=7&user_id=8", frozenset({"orders"})), {}) == b"product_id=7&user_id=8"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (b"user_id=0012&limit=5", "0012"),
        (b"limit=5&user_id=a%2Fb+c", "a/b c"),
        (b"user%5Fid=50%25", "50%"),
        ("user_id=한글".encode(), "한글"),
        (b"user_id=", ""),
        (b"user_id", ""),
        (b"user_id=a=b", "a=b"),
        (b"user_id=%ff", "\ufffd"),
    ],
)
def test_an_id_in_a_query_is_decoded_and_the_rest_stays(query: bytes, text: str) -> None:
    pieces = cut_query(query, KINDS)

    assert list_ids(pieces) == [TextId("users", text)]
    rest = [each for each in query.split(b"&") if not each.startswith(b"user")]
    assert [each for each in join(pieces, {TextId("users", text): 7}).split(b"&") if each in rest] == rest


def test_every_mention_of_an_id_is_found() -> None:
    pieces = cut_query(b"user_id=a&query=user_id&user_id=b", KINDS)

    assert join(pieces, {TextId("users", "a"): 1, TextId("users", "b"): 2}) == b"user_id=1&query=user_id&user_id=2"
    assert join(cut_query(b"", KINDS), {}) == b""
