"""Whole numbers for ids of text, one for ever: no case, blank or leading zero is lost, and no float is involved."""

from collections import defaultdict

from sqlalchemy import Connection, Engine, insert, select

from shop.migrate import migrate
from shop.tables import TextId

ROWS_PER_INSERT = 10_000


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
        """Keep the numbers that were given out since the start, in the transaction of the rows that bear them."""
        rows = [
            {"kind": kind, "number": self._numbers[kind][text], "text": text}
            for kind, texts in self._texts.items()
            for text in texts
        ]
        for start in range(0, len(rows), ROWS_PER_INSERT):
            connection.execute(insert(TextId), rows[start : start + ROWS_PER_INSERT])


def read_text_ids(engine: Engine) -> TextIds:
    """Read what earlier loads gave out; the schema is brought to the newest first."""
    migrate(engine)
    known: dict[str, dict[str, int]] = defaultdict(dict)
    with engine.connect() as connection:
        for kind, number, text in connection.execute(select(TextId.kind, TextId.number, TextId.text)):
            known[kind][text] = number
    return TextIds(known)
