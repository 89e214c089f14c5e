"""Whole numbers for a shop's ids of text, in the platform's database: one for ever, and none for two.

Everything inside works on the numbers; the shop's own ids are met at the borders, where rows come in and pages go out.
Since what was given out never changes, whoever keeps it in memory never has to forget it.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import DBAPIError

from shop.failures import is_conflict
from shop.tables import ShopId

LONGEST_ID = 1000
"""Characters of an id; no longer one gets a number."""

Texts = dict[str, dict[int, str]]
"""Ids by kind and number. Each kind that has ids of text is there, if with none."""

IDS_PER_STATEMENT = 1000
MOST_TRIES = 20
"""Of giving out numbers while others do: each time that one fails, another one has gone on."""

Item = TypeVar("Item", str, int)


class IdMap:
    """The numbers of ids of text, by kind: `products`, `users` and the other canonical tables."""

    def __init__(self, engine: Engine):
        """Read nothing yet; the platform's database has its newest schema."""
        self._engine = engine

    def kinds(self) -> frozenset[str]:
        """Return the kinds that have ids of text."""
        with self._engine.connect() as connection:
            return read_kinds(connection)

    def numbers_of(self, kind: str, texts: Collection[str], *, create: bool = False) -> dict[str, int]:
        """Return the numbers of ids, without those that have none.

        Args:
            kind: what has the ids.
            texts: equal to the last character, or different ids.
            create: give numbers to those that have none, counting on from 1 within the kind; they are committed when
                this returns.

        Raises:
            ValueError: an id that cannot have a number, with `create`: see `is_id`.
            sqlalchemy.exc.DBAPIError: the database fails.
        """
        if create and not all(map(is_id, texts)):
            raise ValueError(f"an id of {kind} is empty, no Unicode, or longer than {LONGEST_ID:,} characters")
        with self._engine.connect() as connection:
            numbers = read_numbers(connection, kind, texts)
        missing = [text for text in texts if text not in numbers] if create else []
        for some in _cut(missing):
            numbers |= self._give_numbers(kind, some)
        return numbers

    def texts_of(self, kind: str, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids that have these numbers, without the numbers that nobody has.

        Raises:
            sqlalchemy.exc.DBAPIError: the database fails.
        """
        with self._engine.connect() as connection:
            return read_texts(connection, kind, numbers)

    def _give_numbers(self, kind: str, texts: Collection[str]) -> dict[str, int]:
        """Read numbers and give out those that are missing; whom another writer precedes tries again."""
        for num_left in reversed(range(MOST_TRIES)):
            try:
                with self._engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
                    found = read_numbers(connection, kind, texts)
                    last = connection.scalar(select(func.max(ShopId.number)).where(ShopId.kind == kind)) or 0
                    missing = dict.fromkeys(text for text in texts if text not in found)
                    given = {text: number for number, text in enumerate(missing, last + 1)}
                    write_ids(connection, kind, {number: text for text, number in given.items()})
                    return found | given
            except DBAPIError as err:
                if not num_left or not is_conflict(err):
                    raise
        raise AssertionError("the last try returns or raises")


def read_kinds(connection: Connection) -> frozenset[str]:
    """Do as `IdMap.kinds` does, on a connection to the platform's database."""
    found: set[str] = set()
    last = ""
    while (kind := connection.scalar(select(func.min(ShopId.kind)).where(ShopId.kind > last))) is not None:
        found.add(last := kind)
    return frozenset(found)


def read_numbers(connection: Connection, kind: str, texts: Collection[str]) -> dict[str, int]:
    """Return the numbers of ids, without those that have none."""
    numbers: dict[str, int] = {}
    for some in _cut(texts):
        wanted = {digest_of(text): text for text in some}
        query = select(ShopId.digest, ShopId.number).where(ShopId.kind == kind, ShopId.digest.in_(wanted))
        numbers |= {wanted[digest]: number for digest, number in connection.execute(query)}
    return numbers


def read_texts(connection: Connection, kind: str, numbers: Collection[int]) -> dict[int, str]:
    """Return the ids that have these numbers, without the numbers that nobody has."""
    texts: dict[int, str] = {}
    for some in _cut(numbers):
        query = select(ShopId.number, ShopId.text).where(ShopId.kind == kind, ShopId.number.in_(some))
        texts |= {row.number: row.text for row in connection.execute(query)}
    return texts


def is_id(text: str) -> bool:
    """Return whether a text can have a number: it is not empty, no longer than `LONGEST_ID`, and Unicode."""
    try:
        return 0 < len(text) <= LONGEST_ID and bool(text.encode())
    except UnicodeEncodeError:
        return False


def digest_of(text: str) -> str:
    """Return what a text is found by."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def write_ids(connection: Connection, kind: str, texts: Mapping[int, str]) -> None:
    """Write ids by their numbers.

    Raises:
        sqlalchemy.exc.IntegrityError: a number or an id is there already.
    """
    rows = [{"kind": kind, "number": number, "digest": digest_of(text), "text": text} for number, text in texts.items()]
    if rows:
        connection.execute(insert(ShopId), rows)


def _cut(items: Collection[Item]) -> Iterator[list[Item]]:
    """Cut into pieces for one statement each."""
    listed = list(items)
    return (listed[start : start + IDS_PER_STATEMENT] for start in range(0, len(listed), IDS_PER_STATEMENT))
