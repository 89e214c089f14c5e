"""Border of the API for a shop whose ids are text: middleware that takes and gives the shop's own ids.

Inside, ids are whole numbers. Those of a request (path, query, body) become numbers before any route sees them, those
of an answer in JSON become text after. An id that has no number gets one that is nobody's, so that it is answered as an
unknown number is. A shop whose ids are whole numbers passes by untouched.
"""

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from re import Pattern
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.db.reader import DatabaseUnavailableError
from api.pages.shop_ids import ShopIds
from api.routes.dependencies import services_of
from api.schemas import ErrorDetail
from api.web.errors import answer_malformed, answer_without_database
from api.web.id_addresses import cut_path, cut_query, join, list_ids, list_paths
from api.web.id_fields import NumberedId, OwnIds, TextId, find_ids
from shop.mapping.id_map import LONGEST_ID, is_id

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
NO_CONTENT = 204
RULE = f"an id is text of 1 to {LONGEST_ID:,} characters"


class InvalidIdError(Exception):
    """A text that no id can be; the message names its kind."""


class TranslatedIds:
    """Translates the ids of requests and answers."""

    def __init__(self, app: ASGIApp):
        """Wrap an application.

        Args:
            app: the application, which works with whole numbers.
        """
        self._app = app
        self._paths: list[Pattern[str]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not (ids := services_of(scope["app"].state).shop_ids).kinds:
            await self._app(scope, receive, send)
            return
        if self._paths is None:
            self._paths = list(list_paths(scope["app"].routes))
        try:
            received = await _number_request(ids, self._paths, scope, receive)
        except InvalidIdError as err:
            refusal = answer_malformed(Request(scope), [ErrorDetail(field=str(err), problem=RULE)])
            await refusal(scope, receive, send)
        except DatabaseUnavailableError as err:
            await answer_without_database(Request(scope), err)(scope, receive, send)
        else:
            await self._app(scope, received, _Answer(ids, scope, receive, send).send)


@dataclass
class _Answer:
    """An answer on its way out; one in JSON is held until it is whole."""

    ids: ShopIds
    scope: Scope
    receive: Receive
    to_client: Send
    start: Message | None = None
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start" and _is_json(message):
            self.start = message
        elif self.start is None:
            await self.to_client(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self.start)

    async def _finish(self, start: Message) -> None:
        try:
            body = await _spell_answer(self.ids, bytes(self.body), self.scope["state"]["own_ids"])
        except DatabaseUnavailableError as err:
            await answer_without_database(Request(self.scope), err)(self.scope, self.receive, self.to_client)
            return
        others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        start["headers"] = [*others, (b"content-length", b"%d" % len(body))]
        await self.to_client(start)
        await self.to_client({"type": "http.response.body", "body": body})


async def _spell_answer(ids: ShopIds, body: bytes, own_ids: OwnIds) -> bytes:
    """Put the shop's own ids into an answer. A number without one, such as that of an order just placed, is its digits.

    Args:
        ids: the id map.
        body: in JSON.
        own_ids: of the request, whose spelling is known, known to the shop or not.
    """
    document = orjson.loads(body)
    places = [place for place in find_ids(document, ids.kinds) if isinstance(place.value, int)]
    numbered = [NumberedId(place.kind, place.value) for place in places]
    wanted = {*numbered} - own_ids.keys()
    texts = {**(await ids.find_texts(wanted) if wanted else {}), **own_ids}
    for place, number in zip(places, numbered, strict=True):
        place.put(texts.get(number) or str(place.value))
    return orjson.dumps(document)


async def _number_request(ids: ShopIds, paths: Collection[Pattern[str]], scope: Scope, receive: Receive) -> Receive:
    """Put numbers into a request, in place; keeps how the shop spells them as `own_ids` in its state.

    Returns:
        What gives the request's body.

    Raises:
        InvalidIdError: a text that no id can be.
        DatabaseUnavailableError: the id map cannot be read.
    """
    path = cut_path(scope.get("raw_path") or scope["path"].encode(), paths, ids.kinds)
    query = cut_query(scope["query_string"], ids.kinds)
    received = None if scope["method"] in WITHOUT_BODY else await _receive_whole(receive)
    document = None if received is None else _parse(received)
    places = list(find_ids(document, ids.kinds))
    texts = [TextId(place.kind, str(place.value)) for place in places]
    numbers = await _find_numbers(ids, [*list_ids(path), *texts], list_ids(query))
    for place, text in zip(places, texts, strict=True):
        place.put(numbers[text])
    scope["raw_path"], scope["query_string"] = join(path, numbers), join(query, numbers)
    if any(list_ids(path)):
        scope["path"] = unquote(scope["raw_path"].decode())
    scope["state"]["own_ids"] = {NumberedId(each.kind, number): each.text for each, number in numbers.items()}
    if received is None:
        return receive
    if places:
        received = {**received, "body": json.dumps(document).encode()}
    return _replay(received, receive)


async def _find_numbers(ids: ShopIds, needed: Collection[TextId], asked: Collection[TextId]) -> dict[TextId, int]:
    """Find numbers, stand-ins where there are none.

    A page does without the shopper whom its query names: when the id map cannot be read, they are nobody it knows.
    """
    for each in (*needed, *asked):
        if not is_id(each.text):
            raise InvalidIdError(each.kind)
    shoppers = [each for each in asked if each.kind == "users"]
    found = dict(await ids.find_numbers({*needed, *asked} - set(shoppers)))
    with suppress(DatabaseUnavailableError):
        found |= await ids.find_numbers(shoppers)
    return {each: found.get(each) or each.stand_in() for each in (*needed, *asked)}


async def _receive_whole(receive: Receive) -> Message:
    """Wait for the whole body of a request, which the envelope keeps short; or that the client has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if not message.get("more_body"):
            return {"type": "http.request", "body": body, "more_body": False}


def _replay(received: Message, receive: Receive) -> Receive:
    """Give a message that was received already, and then what follows."""
    waiting = [received]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _parse(received: Message) -> Any:
    """Read a body as the routes will; what is no JSON is theirs to refuse."""
    try:
        return json.loads(received.get("body", b""))
    except (ValueError, RecursionError):
        return None


def _is_json(start: Message) -> bool:
    headers = dict(start["headers"])
    return (
        start["status"] != NO_CONTENT
        and headers.get(b"content-type", b"").startswith(b"application/json")
        and b"content-encoding" not in headers
    )
