"""Queries of the live catalogue: what can be sold now, at which price, with which image."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import inf
from typing import Any, TypeGuard

import orjson
from sqlalchemy import ColumnElement, Connection, Float, Row, Select, func, or_, select, type_coerce

from api.db.statements import IDS, Prepared
from api.schemas import Categories
from api.schemas.catalogue import ListedCategory, ListedVariant
from api.web.metrics import count_unusable
from shop.tables import Category, Product, ProductCategory, ProductImage
from shop.unit_price import find_unit_price

MOST_VARIANTS = 50

MOST_AT_ONCE = 2000
"""Products of one statement; MySQL takes at most 65,535 parameters."""


@dataclass
class SellableProduct:
    """A visible product in stock, as the storefront shows it in lists. Prices are exact to the cent as floats.

    Never changed once it is made; a frozen one would take four times as long to make. `family_id` is what it shares
    with its variants, `product_type` its kind; lists go by them and do not give them. `regular_price` is above the
    price, or `None`.
    """

    product_id: int
    category_id: int
    title: str
    price: float
    image_url: str
    family_id: int | None = None
    product_type: str | None = None
    regular_price: float | None = None
    size: str | None = None

    def listed(self) -> dict[str, Any]:
        """Return what lists give of the product."""
        unit_price = find_unit_price(self.price, self.size)
        reduced = {"regular_price": self.regular_price, "unit_price": unit_price and unit_price._asdict()}
        return self.as_seed() | reduced

    def as_seed(self) -> dict[str, int | float | str]:
        """Return what the homepage's body has given from the beginning."""
        return {
            "product_id": self.product_id,
            "category_id": self.category_id,
            "title": self.title,
            "price": self.price,
            "image_url": self.image_url,
        }

    @cached_property
    def seed_json(self) -> bytes:
        """The same as JSON, written once: products stay in memory, and stand on page after page."""
        return orjson.dumps(self.as_seed())


FIRST_IMAGE = (
    select(ProductImage.image_url)
    .where(ProductImage.product_id == Product.product_id)
    .order_by(ProductImage.position)
    .limit(1)
    .scalar_subquery()
)
PRICE = type_coerce(Product.price, Float).label("price")
"""The price as the driver gives it: what is none must not fail the others."""
REGULAR_PRICE = type_coerce(Product.regular_price, Float).label("regular_price")

_COLUMNS = (
    Product.product_id,
    Product.category_id,
    Product.title,
    PRICE,
    FIRST_IMAGE.label("image_url"),
    Product.family_id,
    Product.product_type,
    REGULAR_PRICE,
    Product.size,
)
IS_SELLABLE = (Product.is_visible, Product.stock > 0)
_SELLABLE = select(*_COLUMNS).where(*IS_SELLABLE)
_AMONG = Prepared(_SELLABLE.where(Product.product_id.in_(IDS)))
_ANY = _SELLABLE.order_by(Product.product_id.desc())


def fetch_sellable(connection: Connection, product_ids: Collection[int]) -> dict[int, SellableProduct]:
    """Read which of the products can be sold now. Deleted, hidden and sold-out ones are absent."""
    ids, products = list(product_ids), {}
    for start in range(0, len(ids), MOST_AT_ONCE):
        for product in _to_products(_AMONG.execute(connection, ids=ids[start : start + MOST_AT_ONCE])):
            products[product.product_id] = product
    return products


def fetch_any_sellable(
    connection: Connection,
    limit: int,
    without: Collection[int] = (),
    not_of: Collection[int] = (),
    families: Collection[int] = (),
    conditions: Collection[ColumnElement[bool]] = (),
) -> list[SellableProduct]:
    """Read sellable products with the highest ids: the last rung, which needs nothing published.

    Args:
        connection: to the shop's database.
        limit: products wanted.
        without: ids to leave out, at most some thousand.
        not_of: categories to leave out.
        families: to leave out.
        conditions: that the products hold to.
    """
    query = _ANY.where(*conditions).limit(limit)
    if families:
        query = query.where(or_(Product.family_id.is_(None), Product.family_id.not_in(families)))
    if without:
        query = query.where(Product.product_id.not_in(without))
    if not_of:
        query = query.where(Product.category_id.not_in(not_of))
    return list(_to_products(connection.execute(query)))


def fetch_sellable_after(
    connection: Connection,
    after_id: int,
    limit: int,
    category_id: int | None = None,
    words: Sequence[str] = (),
    without: Collection[int] = (),
    not_of: Collection[int] = (),
    conditions: Collection[ColumnElement[bool]] = (),
) -> list[SellableProduct]:
    """Read sellable products in the order of their ids; a category has those, too, whose main category is another.

    Args:
        connection: to the shop's database.
        after_id: begin after this id.
        limit: products wanted.
        category_id: only those of a category.
        words: only those whose title holds every one of these, in lower case.
        without: ids to leave out, at most some hundred.
        not_of: categories to leave out.
        conditions: that the products hold to.
    """
    query = _SELLABLE.where(Product.product_id > after_id, *conditions)
    for word in words:
        query = query.where(func.lower(Product.title).contains(word, autoescape=True))
    if without:
        query = query.where(Product.product_id.not_in(without))
    if not_of:
        query = query.where(Product.category_id.not_in(not_of))
    query = query.order_by(Product.product_id).limit(limit)
    if category_id is None:
        return list(_to_products(connection.execute(query)))
    further = select(ProductCategory.product_id).where(ProductCategory.category_id == category_id)
    # Two statements, each along an index: one with OR would walk all products.
    ways = (Product.category_id == category_id, Product.product_id.in_(further))
    found = [product for way in ways for product in _to_products(connection.execute(query.where(way)))]
    by_id = {product.product_id: product for product in found}
    return [by_id[product_id] for product_id in sorted(by_id)[:limit]]


def fetch_categories(connection: Connection) -> Categories:
    """Read the departments in the order of the menu."""
    columns = (Category.category_id, Category.name)
    rows = connection.execute(select(*columns).order_by(Category.position, Category.category_id))
    return Categories(categories=[ListedCategory(category_id=row.category_id, name=row.name) for row in rows])


def fetch_product(connection: Connection, product_id: int) -> tuple[Row[Any], list[str]] | None:
    """Read one visible product with its category's name, and its pictures; `None` if there is no such product."""
    row = connection.execute(_details(product_id)).one_or_none()
    if row is None or not is_price(row.price, product_id):
        return None
    images = select(ProductImage.image_url).where(ProductImage.product_id == product_id).order_by(ProductImage.position)
    urls = [url for url in connection.execute(images).scalars() if is_shown(url)]
    return row, urls or [drawing_url(row.category_id, product_id)]


def fetch_variants(connection: Connection, family_id: int, product_id: int) -> list[ListedVariant]:
    """Read the products of a family that can be sold now, but for one of them; the cheapest first."""
    others = _SELLABLE.where(Product.family_id == family_id, Product.product_id != product_id)
    rows = connection.execute(others.order_by(Product.price, Product.product_id).limit(MOST_VARIANTS))
    return [ListedVariant(**product.listed(), size=product.size) for product in _to_products(rows)]


def choose_image(image_url: str | None, category_id: int, product_id: int) -> str:
    """Return a product's own picture where pages can show it, else the drawing that the API makes."""
    return image_url if is_shown(image_url) else drawing_url(category_id, product_id)


def is_shown(image_url: str | None) -> TypeGuard[str]:
    """Return whether pages load a picture: one of this server, or of any other over HTTPS."""
    return image_url is not None and image_url.startswith(("/", "https://")) and not image_url.startswith("//")


def drawing_url(category_id: int, product_id: int) -> str:
    """Name the drawing that the API makes for a product without a picture of its own."""
    return f"/static/images/products/category{category_id}/product{product_id}.svg"


def _details(product_id: int) -> Select[*tuple[Any, ...]]:
    columns = (Product.product_id, Product.category_id, Category.name.label("category_name"), Product.title)
    more = (
        Product.brand,
        Product.product_type,
        Product.size,
        PRICE,
        REGULAR_PRICE,
        Product.stock,
        Product.description,
        Product.family_id,
    )
    return (
        select(*columns, *more)
        .join(Category, Category.category_id == Product.category_id)
        .where(Product.product_id == product_id, Product.is_visible)
    )


def _to_products(rows: Iterable[Sequence[Any]]) -> Iterator[SellableProduct]:
    """Make the products of rows; one without a price that can be charged is left out."""
    for product_id, category_id, title, price, image_url, family_id, product_type, regular_price, size in rows:
        if is_price(price, product_id):
            url, before = choose_image(image_url, category_id, product_id), choose_regular_price(regular_price, price)
            yield SellableProduct(
                product_id, category_id, title, float(price), url, family_id, product_type, before, size
            )


def choose_regular_price(regular_price: Any, price: Decimal | float) -> float | None:
    """Return what a product costs when it is not reduced; `None` where it is not reduced, or the value is no price."""
    is_reduced = isinstance(regular_price, Decimal | float | int) and price < regular_price < inf
    return float(regular_price) if is_reduced else None


def is_price(price: Any, product_id: int) -> bool:
    """Return whether a stored value is a price; what is none is counted."""
    if isinstance(price, Decimal | float | int) and 0 <= price < inf:
        return True
    return count_unusable("price", f"{price!r} of product {product_id}")
