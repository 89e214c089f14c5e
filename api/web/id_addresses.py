"""Ids in the address of a request: its path and its query, cut into ids and what is between them."""

from collections.abc import Collection, Iterator, Mapping
from re import Pattern
from urllib.parse import unquote_plus

from starlette.routing import BaseRoute, Route

from api.web.id_fields import KIND_OF_FIELD, TextId
from shop.mapping.path_segments import read_segment

Piece = bytes | TextId
"""A part of an address: as it was sent, or an id."""


def list_paths(routes: Collection[BaseRoute]) -> Iterator[Pattern[str]]:
    """List the paths of routes that hold ids."""
    for route in routes:
        if isinstance(route, Route) and not route.param_convertors.keys().isdisjoint(KIND_OF_FIELD):
            yield route.path_regex


def cut_path(path: bytes, paths: Collection[Pattern[str]], kinds: Collection[str]) -> list[Piece]:
    """Cut a path, as it was sent, into its ids and what is between; a slash within an id is `%2F`, `.` is `~.`."""
    spelled = path.decode("latin-1")
    found = next((match for each in paths if (match := each.match(spelled))), None)
    pieces: list[Piece] = []
    at = 0
    for name, text in (found.groupdict() if found else {}).items():
        if found is not None and (kind := KIND_OF_FIELD.get(name)) in kinds:
            start, end = found.span(name)
            pieces += [path[at:start], TextId(str(kind), read_segment(text.encode("latin-1").decode(errors="replace")))]
            at = end
    return [*pieces, path[at:]]


def cut_query(query: bytes, kinds: Collection[str]) -> list[Piece]:
    """Cut a query into its ids and what is between."""
    pieces: list[Piece] = []
    for at, parameter in enumerate(query.split(b"&")):
        name, _, value = parameter.partition(b"=")
        kind = KIND_OF_FIELD.get(unquote_plus(name.decode(errors="replace")))
        between = b"&" if at else b""
        if kind in kinds:
            pieces += [between + name + b"=", TextId(str(kind), unquote_plus(value.decode(errors="replace")))]
        else:
            pieces.append(between + parameter)
    return pieces


def list_ids(pieces: Collection[Piece]) -> list[TextId]:
    """List the ids of an address."""
    return [piece for piece in pieces if isinstance(piece, TextId)]


def join(pieces: Collection[Piece], numbers: Mapping[TextId, int]) -> bytes:
    """Write an address with numbers for its ids."""
    return b"".join(b"%d" % numbers[piece] if isinstance(piece, TextId) else piece for piece in pieces)
