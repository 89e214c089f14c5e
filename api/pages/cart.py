"""What goes with a cart: for a known shopper by what the shopper is likely to buy, for others by common orders alone.

model       the model server's list for this cart
cart        the complements that the shown batch publishes of what is in the cart, and the shopper's list, as one
popular     and so on, as on the homepage: `api/pages/home.py`
local:*     the local fallback, when a database does not answer
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from api.clients.model_server import CartList
from api.db.reader import DatabaseUnavailableError
from api.pages.home import UNREADABLE, take_any
from api.pages.ladder import Ladder, RankedProduct
from api.pages.products import COMPLEMENT
from api.pages.shopper import PageShopper
from api.pages.sources import PageSources
from api.queries.published import BatchHead, fetch_neighbour_lists
from api.queries.ranked_list import Entry, keep_usable

CART_WEIGHT = 2.0
"""How much the cart says beside the shopper's own score, as on the model server (training/ranking/cart.py)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CartAnswer:
    """What goes with a cart, and where it comes from; see `HomeAnswer`.

    Attributes:
        goes_with: for a product, that of the cart which says most that it goes with it; absent where none does.
    """

    ranked_products: list[RankedProduct]
    goes_with: Mapping[int, int] = field(default_factory=dict)
    head: BatchHead | None = None
    model_version: str = ""
    variant: str | None = None

    @property
    def rungs(self) -> str:
        """The rungs used, in order, with commas; `none` for an empty list."""
        return ",".join(dict.fromkeys(ranked.rung for ranked in self.ranked_products)) or "none"


class CartPage:
    """Answers what goes with a cart, whatever fails."""

    def __init__(self, sources: PageSources):
        """Take the dependencies."""
        databases, fallback = sources.databases, sources.fallback
        self._databases = databases
        self._shoppers = sources.shoppers
        self._products = sources.products
        self._model_server = sources.model_server
        self._fallback = fallback
        self._cache = sources.cache

    async def answer(self, user_id: int | None, product_ids: Sequence[int], limit: int) -> CartAnswer:
        """List what goes with a cart: none of it, of no family that is in it, full as long as the shop has enough.

        Args:
            user_id: the shopper; `None` when logged out.
            product_ids: what is in the cart.
            limit: products wanted.
        """
        ranked = await self._model_server.rank_cart(user_id, product_ids) if product_ids else None
        try:
            return await self._databases.within_deadline(self._answer_live(user_id, product_ids, limit, ranked))
        except DatabaseUnavailableError:
            return self._answer_locally(user_id, product_ids, limit)
        except UNREADABLE:
            logger.exception("cart answered locally: what was read is not what the tables hold")
            return self._answer_locally(user_id, product_ids, limit)

    async def _answer_live(
        self, user_id: int | None, product_ids: Sequence[int], limit: int, ranked: CartList | None
    ) -> CartAnswer:
        shopper = await self._shoppers.read(user_id)
        head, goes_with = shopper.published.head, dict(ranked.goes_with) if ranked else {}
        ladder = await self._begin(shopper, product_ids, limit)
        keep = shopper.exclusions.keep
        await ladder.step("model", keep(ranked.entries if ranked else []))
        if ladder.missing and head is not None:
            lists = await self._databases.platform.read(fetch_neighbour_lists, head.batch_id, product_ids)
            listed = [Entry._make(entry) for entry in keep_usable(shopper.published.parse())]
            entries, partners = merge_lists(lists, listed)
            goes_with = partners | goes_with
            await ladder.step("cart", keep(entries))
        if ladder.missing and head is not None:
            shared = await self._databases.platform.read(self._cache.get, head)
            await ladder.step("popular", shared.popular)
            await ladder.step("newest", shared.newest)
        await ladder.finish()
        await take_any(self._databases.shop, ladder, limit, shopper.exclusions)
        by_model = any(each.rung == "model" for each in ladder.ranked_products)
        version = ranked.model_version if ranked and by_model else head.model_version if head else ""
        variant = None if by_model else shopper.variant
        return CartAnswer(ladder.ranked_products, goes_with, head, version, variant)

    async def _begin(self, shopper: PageShopper, product_ids: Sequence[int], limit: int) -> Ladder:
        load = (await self._products.begin(shopper.seen)).load
        in_cart = await load(product_ids)
        families = {product.family_id for each in product_ids if (product := in_cart.get(each))} - {None}
        return Ladder(
            limit,
            shopper.exclusions.sift(load),
            without=product_ids,
            restricted=await self._fallback.load_restricted(self._databases),
            without_families=[family_id for family_id in families if family_id is not None],
            rules=self._fallback.rules.current,
        )

    def _answer_locally(self, user_id: int | None, product_ids: Sequence[int], limit: int) -> CartAnswer:
        """Answer without the databases: what is popular, but for what is in the cart."""
        known = [product for each in product_ids if (product := self._fallback.recall_product(each))]
        families = {product.family_id for product in known} - {None}
        exclusions = self._fallback.exclusions.recall(user_id)
        copied = self._fallback.fill_page([], limit + len(product_ids) + len(families), exclusions)
        others = [
            each
            for each in copied
            if each.product.product_id not in product_ids and each.product.family_id not in families
        ]
        head = self._fallback.copy.head
        return CartAnswer(others[:limit], head=head, model_version=head.model_version if head else "")


def merge_lists(lists: Mapping[int, Sequence[Entry]], listed: Iterable[Entry]) -> tuple[list[Entry], dict[int, int]]:
    """Merge the complements of a cart's products with the shopper's list.

    Args:
        lists: for each product of the cart, its published neighbours.
        listed: the shopper's list, best first; empty for a shopper without one.

    Returns:
        Products, best first: those of the list by score * (1 + CART_WEIGHT * affinity), others of the cart by the
        list's lowest score in its place, where affinity is the sum of the weights over the cart; without a list by
        affinity. And for each product that has any, the product of the cart that weighs most.
    """
    found: dict[int, Entry] = {}
    affinity: dict[int, float] = {}
    partners: dict[int, tuple[float, int]] = {}
    for in_cart, entries in lists.items():
        for entry in entries:
            if entry.reason == COMPLEMENT:
                found[entry.product_id] = entry
                affinity[entry.product_id] = affinity.get(entry.product_id, 0.0) + entry.score
                best = partners.get(entry.product_id, (0.0, in_cart))
                partners[entry.product_id] = max(best, (entry.score, in_cart))
    scores = {entry.product_id: entry.score for entry in listed}
    found |= {entry.product_id: entry for entry in listed}
    if scores:
        lowest = min(scores.values())
        weighed = {key: scores.get(key, lowest) * (1 + CART_WEIGHT * affinity.get(key, 0.0)) for key in found}
    else:
        weighed = affinity
    merged = [found[key]._replace(score=score) for key, score in weighed.items()]
    merged.sort(key=lambda entry: -entry.score)
    return merged, {product_id: in_cart for product_id, (_, in_cart) in partners.items()}
