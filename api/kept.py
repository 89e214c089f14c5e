"""Pages that nothing has changed since: given again without reading a row.

Whether anything changed is what the database itself says (SQLite's `data_version`, which moves with every commit), so a
kept page is never older than the shop. Where nothing says so, no page is kept. Keys hold user and length.
"""

from collections import OrderedDict

from api.answer import HomeAnswer

KEPT_PAGES = 10_000


class UnchangedPages:
    """The pages of the database's present state, the least recently shown going first."""

    def __init__(self) -> None:
        self._mark: int | None = None
        self._pages: OrderedDict[tuple[int | None, int], HomeAnswer] = OrderedDict()

    def find(self, user_id: int | None, limit: int, mark: int | None) -> HomeAnswer | None:
        """Give a page if it was kept since the database was last changed; forget all pages of other states."""
        if mark is None or mark != self._mark:
            self._mark = mark
            self._pages.clear()
            return None
        return self._pages.get((user_id, limit))

    def keep(self, user_id: int | None, limit: int, mark: int | None, answer: HomeAnswer) -> None:
        """Keep a page that was read while the database was at `mark`, or right after."""
        if mark is None or mark != self._mark:
            return
        self._pages[user_id, limit] = answer
        if len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)
