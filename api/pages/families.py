"""Families in lists of products that are at hand: of each, the first variant."""

from collections.abc import Iterable, Iterator

from api.queries.catalogue import SellableProduct


def keep_first_variants(
    products: Iterable[SellableProduct], without: SellableProduct | None = None
) -> Iterator[SellableProduct]:
    """Yield the products without repeats, and of each family the first one.

    Args:
        products: best first.
        without: neither this product nor a variant of it.
    """
    shown: set[int] = set()
    families: set[int | None] = set()
    if without is not None:
        shown.add(without.product_id)
        families.add(without.family_id)
    for product in products:
        is_variant = product.family_id is not None and product.family_id in families
        if product.product_id in shown or is_variant:
            continue
        shown.add(product.product_id)
        families.add(product.family_id)
        yield product
