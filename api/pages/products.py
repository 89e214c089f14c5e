"""Product pages: a product's details, products that go with it, and products to buy instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from api.db.reader import DatabaseUnavailableError
from api.pages.exclusions import load_exclusions
from api.pages.families import keep_first_variants
from api.pages.ladder import Ladder, RankedProduct
from api.pages.sources import PageSources
from api.queries.catalogue import SellableProduct, choose_regular_price, fetch_product, fetch_variants
from api.queries.coupons import covering, fetch_held_coupons
from api.queries.published import BatchHead, fetch_head, fetch_neighbours
from api.queries.ranked_list import Entry
from api.queries.reviews import fetch_latest_reviews, summarise_reviews
from api.schemas import ProductDetails
from shop.unit_price import find_unit_price

NEIGHBOURS = "neighbours"
COMPLEMENT, SUBSTITUTE = "bought_together", "alike"
"""Reasons of a product's neighbours, as they are published."""


@dataclass(frozen=True)
class SimilarAnswer:
    """Products that go with one product or can be bought instead, and the batch that says so.

    Attributes:
        products: of both kinds, what goes with it first, topped up from its category.
        batch_id: empty when nothing is published.
        rungs: where `products` come from, in order, with commas; `none` for an empty list.
        substitutes: what can be bought instead, best first.
        complements: what goes with it, best first.
    """

    products: list[SellableProduct]
    batch_id: str
    rungs: str
    substitutes: list[SellableProduct] = field(default_factory=list)
    complements: list[SellableProduct] = field(default_factory=list)


class ProductPages:
    """Answers for product pages, whatever fails."""

    def __init__(self, sources: PageSources):
        """Take the dependencies."""
        self._databases = sources.databases
        self._products = sources.products
        self._fallback = sources.fallback
        self._cache = sources.cache

    async def fetch_details(self, product_id: int, user_id: int | None) -> ProductDetails | None:
        """Return a product's page; `None` if the shop shows no such product.

        Without the database, products that this process has read still have a page with what lists show of them.

        Args:
            product_id: the product.
            user_id: whose coupons to name; `None` when logged out.

        Raises:
            DatabaseUnavailableError: the database cannot be reached, and nothing is known of the product.
        """
        try:
            details = await self._databases.shop.read(read_details, product_id, user_id)
        except DatabaseUnavailableError:
            product = self._fallback.recall_product(product_id)
            if product is None:
                raise
            return _describe_copy(product)
        self._fallback.latest.note((product_id,), _to_listed(details))
        if details is not None:
            hides = self._fallback.rules.current.hides
            details.variants = [each for each in details.variants if not hides(each.product_id, each.category_id)]
        return details

    async def fetch_similar(self, product_id: int, limit: int, user_id: int | None = None) -> SimilarAnswer | None:
        """List what goes with a product and what can be bought instead, then what is popular in its category.

        Of a restricted department nothing is listed, but beside a product of that department. Without the database
        nothing is known of either kind.

        Args:
            product_id: the product.
            limit: most products of a list.
            user_id: who is not shown what they refuse; `None` when logged out.

        Returns:
            The list, or `None` if the shop shows no such product.
        """
        try:
            return await self._databases.within_deadline(self._answer_similar(product_id, limit, user_id))
        except DatabaseUnavailableError:
            return self._answer_similar_locally(product_id, limit, user_id)

    def _answer_similar_locally(self, product_id: int, limit: int, user_id: int | None) -> SimilarAnswer:
        head, product = self._fallback.copy.head, self._fallback.recall_product(product_id)
        category_id = None if product is None else product.category_id
        restricted = self._fallback.restricted - {category_id}
        is_refused = self._fallback.exclusions.recall(user_id).covers
        others = [
            other
            for other in self._fallback.list_products()
            if other.category_id not in restricted and not is_refused(other)
        ]
        others.sort(key=lambda other: other.category_id != category_id)
        shown = list(keep_first_variants(others, without=product))[:limit]
        return SimilarAnswer(shown, head.batch_id if head else "", "local:popular")

    async def _answer_similar(self, product_id: int, limit: int, user_id: int | None) -> SimilarAnswer | None:
        found = await self._databases.shop.read(fetch_product, product_id)
        if found is None:
            return None
        category_id = found[0].category_id
        families = set() if found[0].family_id is None else {found[0].family_id}
        restricted = await self._fallback.load_restricted(self._databases) - {category_id}
        head, lists = await self._databases.platform.read(self._read_rungs, product_id, category_id)
        exclusions = await load_exclusions(self._databases, user_id, self._fallback.exclusions)
        load = exclusions.sift((await self._products.begin_now()).load)
        rules = self._fallback.rules.current

        async def list_products(rungs: Mapping[str, list[Entry]]) -> list[RankedProduct]:
            ladder = Ladder(
                limit, load, without={product_id}, restricted=restricted, without_families=families, rules=rules
            )
            for rung, entries in rungs.items():
                await ladder.step(rung, entries)
            await ladder.finish()
            return ladder.ranked_products

        of_kind = {
            kind: [entry for entry in lists.get(NEIGHBOURS, []) if entry.reason == kind]
            for kind in (SUBSTITUTE, COMPLEMENT)
        }
        await load([entry.product_id for entries in of_kind.values() for entry in entries[:limit]])  # in one read
        ranked_products = await list_products(lists)
        substitutes, complements = [
            [ranked.product for ranked in await list_products({NEIGHBOURS: entries})] for entries in of_kind.values()
        ]
        return SimilarAnswer(
            [ranked.product for ranked in ranked_products],
            head.batch_id if head else "",
            ",".join(dict.fromkeys(_name_rung(ranked) for ranked in ranked_products)) or "none",
            substitutes,
            complements,
        )

    def _read_rungs(
        self, connection: Connection, product_id: int, category_id: int
    ) -> tuple[BatchHead | None, dict[str, list[Entry]]]:
        """Read the lists that a product's similar ones come from."""
        head = fetch_head(connection)
        if head is None:
            return None, {}
        shared = self._cache.get(connection, head)
        return head, {
            NEIGHBOURS: fetch_neighbours(connection, head.batch_id, product_id),
            "category": shared.by_category.get(category_id, []),
            "popular": shared.popular,
        }


def read_details(connection: Connection, product_id: int, user_id: int | None) -> ProductDetails | None:
    """Read a product's page with its reviews and the user's coupons for it."""
    found = fetch_product(connection, product_id)
    if found is None:
        return None
    row, image_urls = found
    fields = {name: value for name, value in row._mapping.items() if name in ProductDetails.model_fields}
    num_reviews, average_rating = summarise_reviews(connection, product_id)
    held = [] if user_id is None else fetch_held_coupons(connection, user_id)
    unit_price = find_unit_price(float(row.price), row.size)
    more = {
        "price": float(row.price),
        "regular_price": choose_regular_price(row.regular_price, row.price),
        "unit_price": unit_price and unit_price._asdict(),
        "in_stock": row.stock > 0,
        "image_urls": image_urls,
        "num_reviews": num_reviews,
        "average_rating": average_rating,
        "reviews": fetch_latest_reviews(connection, product_id) if num_reviews else [],
        "coupons": [coupon.describe() for coupon in covering(held, product_id, row.category_id)],
        "variants": [] if row.family_id is None else fetch_variants(connection, row.family_id, product_id),
    }
    return ProductDetails(**(fields | more))


def _to_listed(details: ProductDetails | None) -> dict[int, SellableProduct]:
    """Return what lists show of a product that can be sold; nothing of another."""
    if details is None or not details.in_stock:
        return {}
    url = details.image_urls[0]
    product = SellableProduct(
        *(details.product_id, details.category_id, details.title, details.price, url),
        *(details.family_id, details.product_type, details.regular_price, details.size),
    )
    return {details.product_id: product}


def _name_rung(ranked: RankedProduct) -> str:
    """Name a rung; neighbours say by their reason of which kind they are: `bought_together` or `alike`."""
    return ranked.reason if ranked.rung == NEIGHBOURS else ranked.rung


def _describe_copy(product: SellableProduct) -> ProductDetails:
    """Say of a product what the local fallback knows."""
    return ProductDetails(
        **product.listed(),
        image_urls=[product.image_url],
        category_name="",
        brand=None,
        product_type=product.product_type,
        size=product.size,
        family_id=product.family_id,
        in_stock=True,
        description=None,
        num_reviews=0,
        average_rating=None,
        reviews=[],
        coupons=[],
        variants=[],
    )
