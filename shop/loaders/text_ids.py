"""Whole numbers for the ids of text in files, given out in memory while the files are read.

No case, blank or leading zero is lost, and no float is involved. They are kept in the id map (`shop.mapping.id_map`).
"""

from collections import defaultdict

from sqlalchemy import Connection, Engine, select

from shop.mapping.id_map import write_ids
from shop.tables import ShopId


class TextIds:
    """The numbers that were given out, and those to come.

    Numbers count from 1 within a kind, such as `products`.
    """

    def __init__(self, known: dict[str, dict[str, int]] | None = None):
        """Start from what earlier loads gave out."""
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict, known or {})
        self._next = {kind: max(numbers.values(), default=0) + 1 for kind, numbers in self._numbers.items()}
        self._texts: dict[str, list[str]] = defaultdict(list)

    def number_of(self, kind: str, text: str | int | None) -> int | None:
        """Return the number of an id, a new one if it is met for the first time; None for none.

        Raises:
            TypeError: it is a fraction or bytes, which no id is.
        """
        if text is None:
            return None
        if not isinstance(text, str | int):
            raise TypeError(f"text_id takes text or a whole number, not {text!r}")
        numbers, spelled = self._numbers[kind], str(text)
        if (number := numbers.get(spelled)) is None:
            number = numbers[spelled] = self._next.get(kind, 1)
            self._next[kind] = number + 1
            self._texts[kind].append(spelled)
        return number

    def list_texts(self, kind: str) -> dict[int, str]:
        """List the ids of a kind by their numbers."""
        return {number: text for text, number in self._numbers.get(kind, {}).items()}

    def write_new(self, connection: Connection) -> None:
        """Keep the numbers that were given out since the start; commit them before the rows that bear them.

        Args:
            connection: to the platform's database.

        Raises:
            sqlalchemy.exc.IntegrityError: another writer gave out numbers meanwhile.
        """
        for kind, texts in self._texts.items():
            write_ids(connection, kind, {self._numbers[kind][text]: text for text in texts})


def read_text_ids(engine: Engine) -> TextIds:
    """Read from the platform's database what earlier loads gave out."""
    known: dict[str, dict[str, int]] = defaultdict(dict)
    with engine.connect() as connection:
        for kind, number, text in connection.execute(select(ShopId.kind, ShopId.number, ShopId.text)):
            known[kind][text] = number
    return TextIds(known)
