"""The homepage's answer in memory, packed, with its provenance."""

from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

import orjson

from api.pages.exclusions import NOTHING_EXCLUDED, Exclusions
from api.pages.ladder import RankedProduct
from api.queries.catalogue import SellableProduct
from api.queries.published import BatchHead

Key = TypeVar("Key")
Kept = TypeVar("Kept")

NOBODY = ""
"""Nickname of a shopper without one, logged out or unknown: the seed's field stays a string."""


class HomeAnswer(NamedTuple):
    """A page and where it comes from, packed: thousands are kept, and few are ever taken apart again.

    Attributes:
        nickname: the user's; empty for a shopper whom the shop does not know.
        body: the page as exactly the seed's JSON.
        notes: of each product family, regular price, size, rung, reason, whether a coupon lifted it and the rules that
            moved it, as JSON.
        num_products: length of the page.
        rungs: the rungs used, in order, with commas; `none` for an empty page.
        head: the batch that the page comes from; `None` when nothing is published.
        model_version: version that ranked the first products; empty when none did.
        variant: the alias whose lists the user sees in a running comparison; `None` outside of one.
        exclusions: what the user wants left out; reasons count no gifts.
        depends_on_time: whether the same shop would give another page a moment later: a coupon ends, a purchase ages.
    """

    nickname: str
    body: bytes
    notes: bytes
    num_products: int
    rungs: str
    head: BatchHead | None
    model_version: str
    variant: str | None = None
    depends_on_time: bool = True
    exclusions: Exclusions = NOTHING_EXCLUDED

    @property
    def ranked_products(self) -> list[RankedProduct]:
        """The products with all that is known of them, best first."""
        products, notes = orjson.loads(self.body)["recommendations"], orjson.loads(self.notes)
        return [
            RankedProduct(
                SellableProduct(**product, family_id=family_id, regular_price=regular_price, size=size), *note
            )
            for product, (family_id, regular_price, size, *note) in zip(products, notes, strict=True)
        ]


def pack_answer(
    ranked_products: Sequence[RankedProduct],
    nickname: str,
    head: BatchHead | None,
    model_version: str,
    variant: str | None = None,
    *,
    depends_on_time: bool = True,
    exclusions: Exclusions = NOTHING_EXCLUDED,
) -> HomeAnswer:
    """Make the answer of a page; the arguments are its attributes."""
    listed = b",".join([each.product.seed_json for each in ranked_products])
    body = b'{"user_nickname":%b,"recommendations":[%b]}' % (orjson.dumps(nickname), listed)
    products = [ranked.product for ranked in ranked_products]
    notes = [
        (product.family_id, product.regular_price, product.size, *ranked[1:])
        for product, ranked in zip(products, ranked_products, strict=True)
    ]
    rungs = ",".join(dict.fromkeys([ranked.rung for ranked in ranked_products])) or "none"
    provenance = (rungs, head, model_version, variant, depends_on_time, exclusions)
    return HomeAnswer(nickname, body, orjson.dumps(notes), len(ranked_products), *provenance)


class Unchanged(Generic[Key, Kept]):
    """What is known of the present state of one or more databases, in bounded memory.

    Whether anything changed is what the databases themselves say (SQLite's `data_version`, which moves with every
    commit), so what is kept is never older than they are. Where nothing says so, nothing is kept.
    """

    def __init__(self, most: int):
        """Start with nothing.

        Args:
            most: how much is kept; what would go beyond begins anew.
        """
        self._most = most
        self._mark: Hashable = None
        self._kept: dict[Key, Kept] = {}

    def since(self, mark: Hashable) -> dict[Key, Kept]:
        """Return what was kept since the databases were at `mark`, for the caller to look up and to add to.

        What is added must have been read after the mark. A caller that adds late, when they have moved on, adds
        to what nobody looks at any more.
        """
        if mark is None or mark != self._mark or len(self._kept) >= self._most:
            self._mark, self._kept = mark, {}
        return self._kept
