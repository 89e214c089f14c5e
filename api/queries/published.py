"""Queries of published lists: the pointer, one user's list, and the lists that all users share.

The pointer is read once an answer, in the same statement as the user's list; everything else of the answer is then read
by that batch's id, so that no answer mixes two batches. All of it lies in the platform's database; what the shop knows
of the user is read beside it (`api/queries/profiles.py`).
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, and_, bindparam, exists, literal, select, type_coerce, union_all

from api.db.statements import IDS, Asked, Prepared, Rows, Script, to_instant
from api.queries.ranked_list import Entry, StoredEntry, parse_entries, parse_list
from api.queries.shelf_statistics import NO_STATISTICS, ShelfStatistics, parse_shelf_statistics
from api.web.metrics import count_unusable
from shop.tables import (
    HOME,
    BatchPointer,
    PopularList,
    ProductNeighbours,
    Recommendation,
    RecommendationBatch,
    ShopperChoice,
)

KEPT_BATCHES = 3

SHELVES = "shelves"
"""Stands for the scope of the statistics of shelves where they are read beside the lists of everybody."""


class BatchHead(NamedTuple):
    """Where an answer comes from."""

    batch_id: str
    model_version: str
    as_of: datetime

    def age_seconds(self) -> int:
        """Return how old the data behind the lists is, in seconds since `as_of`."""
        return max(0, int((datetime.now(UTC) - self.as_of).total_seconds()))


class UserList(NamedTuple):
    """What is published for a user.

    Attributes:
        head: the batch that is shown; `None` before the first publication.
        stored: the user's list as it is stored, best first; `None` if the batch has none.
        has_choices: whether the user has made choices about their lists.
    """

    head: BatchHead | None
    stored: str | None = None
    has_choices: bool = False

    @property
    def digest(self) -> int:
        """The same for the same stored list, in this process."""
        return hash(self.stored)

    def parse(self) -> list[StoredEntry]:
        """Read the user's list; empty if the batch has none."""
        return [] if self.stored is None else parse_list(self.stored)


@dataclass(frozen=True)
class SharedLists:
    """The lists that a batch publishes for everybody, and what became of the shelves that they stood on."""

    popular: list[Entry] = field(default_factory=list)
    newest: list[Entry] = field(default_factory=list)
    by_category: dict[int, list[Entry]] = field(default_factory=dict)
    shelf_statistics: ShelfStatistics = NO_STATISTICS

    def of_categories(self, category_ids: Iterable[int]) -> Iterator[Entry]:
        """Deal the categories' popular products in turn: the first of each, the second of each, and so on."""
        lists = [self.by_category[category] for category in category_ids if category in self.by_category]
        return (entry for turn in zip_longest(*lists) for entry in turn if entry is not None)


_LISTS = Prepared(
    select(
        BatchPointer.batch_id,
        RecommendationBatch.model_version,
        RecommendationBatch.as_of,
        Recommendation.user_id,
        type_coerce(Recommendation.products, Text).label("products"),
        exists()
        .where(ShopperChoice.user_id == Recommendation.user_id, ShopperChoice.undone_at.is_(None))
        .label("has_choices"),
    )
    .select_from(BatchPointer)
    .join(RecommendationBatch, RecommendationBatch.batch_id == BatchPointer.batch_id)
    .outerjoin(
        Recommendation,
        and_(Recommendation.batch_id == BatchPointer.batch_id, Recommendation.user_id.in_(IDS)),
    )
    .where(BatchPointer.name == bindparam("pointer"))
)
_CHOOSERS = Prepared(
    select(ShopperChoice.user_id).where(ShopperChoice.user_id.in_(IDS), ShopperChoice.undone_at.is_(None)).distinct()
)
"""Of users without a list, those who made choices; where there is one, the same statement tells."""


class ListRequest(NamedTuple):
    """Whose list is asked for, and which pointer it follows. `user_id` is `None` when logged out."""

    user_id: int | None
    pointer: str = HOME


@Script
def fetch_lists(requests: Collection[ListRequest]) -> Generator[Asked, Rows, dict[ListRequest, UserList]]:
    """Read each pointer and the lists of its users, in one statement a pointer; a second one for users without a list.

    Args:
        requests: whose lists are asked for.
    """
    lists: dict[ListRequest, UserList] = {}
    for pointer in {request.pointer for request in requests}:
        asking = [request for request in requests if request.pointer == pointer]
        user_ids = [request.user_id for request in asking if request.user_id is not None]
        rows = yield _LISTS.ask({"pointer": pointer}, user_ids)
        head = _to_head(*rows[0][:3]) if rows else None
        stored = {row[3]: row[4] for row in rows if row[3] is not None}
        choosers = {row[3] for row in rows if row[5]}
        if without_list := [user_id for user_id in user_ids if user_id not in stored]:
            choosers |= {row[0] for row in (yield _CHOOSERS.ask(ids=without_list))}
        for request in asking:
            lists[request] = UserList(head, stored.get(request.user_id), request.user_id in choosers)
    return lists


def fetch_head(connection: Connection) -> BatchHead | None:
    """Read which batch is shown; `None` before the first publication."""
    nobody = ListRequest(None)
    return fetch_lists(connection, [nobody])[nobody].head


@lru_cache(KEPT_BATCHES)
def _to_head(batch_id: str, model_version: str, as_of: Any) -> BatchHead:
    try:
        instant = to_instant(as_of)
    except (TypeError, ValueError):
        count_unusable("as_of", as_of)
        instant = None
    return BatchHead(batch_id, model_version, instant or datetime.min.replace(tzinfo=UTC))


def fetch_shared_lists(connection: Connection, batch_id: str) -> SharedLists:
    """Read all shared lists of a batch, and its statistics of shelves, in one statement."""
    products = type_coerce(PopularList.products, Text).label("products")
    lists = select(PopularList.scope, PopularList.category_id, products).where(PopularList.batch_id == batch_id)
    of_batch = select(literal(SHELVES), literal(0), type_coerce(RecommendationBatch.shelf_statistics, Text))
    statistics = of_batch.where(RecommendationBatch.batch_id == batch_id)
    shared = SharedLists()
    for scope, category_id, text in connection.execute(union_all(lists, statistics)):
        if scope == SHELVES:
            shared = replace(shared, shelf_statistics=parse_shelf_statistics(text))
        elif scope == "category":
            shared.by_category[category_id] = parse_entries(text)
        else:
            (shared.newest if scope == "newest" else shared.popular).extend(parse_entries(text))
    return shared


def fetch_neighbours(connection: Connection, batch_id: str, product_id: int) -> list[Entry]:
    """Read the products that go with one, bought together or alike by their reasons; empty if the batch knows none."""
    products = type_coerce(ProductNeighbours.products, Text)
    found = select(products).where(ProductNeighbours.batch_id == batch_id, ProductNeighbours.product_id == product_id)
    text = connection.execute(found).scalar()
    return [] if text is None else parse_entries(text)


def fetch_neighbour_lists(connection: Connection, batch_id: str, product_ids: Sequence[int]) -> dict[int, list[Entry]]:
    """Read for several products what goes with each; those that the batch knows nothing of are absent."""
    products = type_coerce(ProductNeighbours.products, Text)
    among = ProductNeighbours.product_id.in_(product_ids)
    lists = select(ProductNeighbours.product_id, products).where(ProductNeighbours.batch_id == batch_id, among)
    return {row[0]: parse_entries(row[1]) for row in connection.execute(lists)}


def fetch_popular_list(connection: Connection, batch_id: str, category_id: int | None) -> list[Entry]:
    """Read what a published batch calls popular, in the shop or in a category; empty if there is no such batch."""
    scope = PopularList.scope == ("global" if category_id is None else "category")
    products = select(type_coerce(PopularList.products, Text)).join(
        RecommendationBatch, RecommendationBatch.batch_id == PopularList.batch_id
    )
    of_batch = products.where(PopularList.batch_id == batch_id, RecommendationBatch.state == "published")
    text = connection.execute(of_batch.where(scope, PopularList.category_id == (category_id or 0))).scalar()
    return [] if text is None else parse_entries(text)


class SharedListsCache:
    """Shared lists of the batches that pointers named lately.

    A published batch never changes, so that what was read once holds. Ids that come from clients are never kept: what
    they name may not be there yet, and made-up ones would push out what is shown.
    """

    def __init__(self) -> None:
        self._lists: OrderedDict[str, SharedLists] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: Connection, head: BatchHead) -> SharedLists:
        """Return the lists of a batch that is shown, from memory if they were read before."""
        found = self.find(head.batch_id)
        if found is None:
            found = fetch_shared_lists(connection, head.batch_id)
            with self._lock:
                self._lists[head.batch_id] = found
                while len(self._lists) > KEPT_BATCHES:
                    self._lists.popitem(last=False)
        return found

    def find(self, batch_id: str) -> SharedLists | None:
        """Return a batch's lists if they are in memory; no read is made."""
        with self._lock:
            return self._lists.get(batch_id)
