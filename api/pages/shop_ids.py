"""Ids of text of the shop's own, and the whole numbers that stand for them inside: the API's side of the id map.

A number that was given out never changes, so that what was read once is kept: products and departments for good, users
and orders as long as there is room. An id that has no number yet is asked for each time.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Generic, TypeVar

from api.db.coalescing import CoalescedReads
from api.db.reader import DatabaseReader
from api.queries.shop_ids import fetch_numbers, fetch_texts
from api.web.id_fields import NumberedId, TextId
from shop.mapping.id_map import Texts, read_kinds

MOST_KEPT = 100_000
"""Ids of each kind that come without end, such as users."""

KEPT_FOR_GOOD = frozenset({"products", "categories"})


Key = TypeVar("Key", TextId, NumberedId)
Found = TypeVar("Found", int, str)


class ShopIds:
    """Finds the numbers of ids, and the ids of numbers, of the kinds that have ids of text."""

    def __init__(self, reader: DatabaseReader, known: Texts):
        """Start from what an earlier process knew.

        Args:
            reader: the platform's database.
            known: kinds, and some ids of each.
        """
        self._numbers = _Kept[TextId, int](CoalescedReads(reader, fetch_numbers))
        self._texts = _Kept[NumberedId, str](CoalescedReads(reader, fetch_texts))
        self.kinds = frozenset(known)
        for kind, texts in known.items():
            self._texts.keep({NumberedId(kind, number): text for number, text in texts.items()})
            self._numbers.keep({TextId(kind, text): number for number, text in texts.items()})

    async def renew_kinds(self, reader: DatabaseReader) -> None:
        """Read which kinds have ids of text.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow.
        """
        kinds = await reader.read(read_kinds)
        for gone in self.kinds - kinds:  # another shop was loaded: its ids begin anew
            self._numbers.forget(gone)
            self._texts.forget(gone)
        self.kinds = kinds

    async def find_numbers(self, ids: Collection[TextId]) -> Mapping[TextId, int]:
        """Return the numbers of ids, without those that have none.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow, and some id was never asked for.
        """
        return await self._numbers.find(ids)

    async def find_texts(self, ids: Collection[NumberedId]) -> Mapping[NumberedId, str]:
        """Return the ids as the shop spells them, without those that have no text.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow, and some id was never asked for.
        """
        return await self._texts.find(ids)

    async def spell(self, kind: str, numbers: Collection[int]) -> dict[int, str]:
        """Return ids of one kind by their numbers; nothing where they are whole numbers.

        Raises:
            DatabaseUnavailableError: as `find_texts` does.
        """
        if kind not in self.kinds:
            return {}
        found = await self.find_texts([NumberedId(kind, number) for number in numbers])
        return {each.number: text for each, text in found.items()}


class _Kept(Generic[Key, Found]):
    """What was found before, and reads of the rest."""

    def __init__(self, reads: CoalescedReads[Key, Found]):
        self._reads: CoalescedReads[Key, Found] = reads
        self._found: defaultdict[str, dict[Key, Found]] = defaultdict(dict)

    async def find(self, keys: Collection[Key]) -> dict[Key, Found]:
        """Return what is known of keys, reading what was not found before."""
        found = {key: known for key in keys if (known := self._found[key.kind].get(key)) is not None}
        if missing := set(keys) - found.keys():
            read = await self._reads.load(missing)
            fresh = {key: read[key] for key in missing if key in read}
            self.keep(fresh)
            found |= fresh
        return found

    def keep(self, fresh: Mapping[Key, Found]) -> None:
        """Keep what was found; of kinds that come without end, the oldest goes when there are too many."""
        for key, found in fresh.items():
            kept = self._found[key.kind]
            kept[key] = found
            if len(kept) > MOST_KEPT and key.kind not in KEPT_FOR_GOOD:
                del kept[next(iter(kept))]

    def forget(self, kind: str) -> None:
        """Forget what was found of a kind."""
        self._found.pop(kind, None)
