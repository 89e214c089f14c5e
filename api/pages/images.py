"""Pictures: of products, the shop's own file or else a drawing; the storefront's own; drawings of things."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.pages.fallback import FallbackCache
from shop.storefront.drawings import render_product_drawing
from shop.storefront.drawings.choice import list_drawings, load_drawing
from shop.tables import Category, Product

KEPT_DRAWINGS = 4096
MEDIA_TYPES = {"svg": "image/svg+xml", "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_FACTS = (
    select(
        Product.product_id,
        Product.category_id,
        Product.title,
        Product.brand,
        Product.product_type,
        Product.size,
        Category.name.label("category_name"),
    )
    .select_from(Product)
    .join(Category, Category.category_id == Product.category_id)
)


@dataclass(frozen=True)
class Picture:
    """Bytes of a picture. A provisional one was made without the database and must not be cached."""

    content: bytes
    media_type: str
    etag: str
    is_provisional: bool = False


class ProductPictures:
    """Finds or draws the pictures of products."""

    def __init__(self, reader: DatabaseReader, fallback: FallbackCache, folder: Path):
        """Take the dependencies.

        Args:
            reader: the shop's database.
            fallback: the local fallback.
            folder: real pictures, as `products/category3/product1.jpg` and `storefront/logo.svg`.
        """
        self._reader = reader
        self._fallback = fallback
        self._folder = folder

    async def fetch(self, category_id: int, product_id: int, extension: str) -> Picture | None:
        """Return a product's picture; `None` if the shop has no such product.

        Args:
            category_id: as the picture's address names it; a drawing follows the product when it moves.
            product_id: the product.
            extension: one of `MEDIA_TYPES`. A drawing is an SVG whatever it says: its media type tells.
        """
        file = self._folder / "products" / f"category{category_id}" / f"product{product_id}.{extension}"
        if file.is_file():
            return _to_picture(file.read_bytes(), MEDIA_TYPES[extension])
        try:
            facts = await self._reader.read(fetch_facts, product_id)
        except DatabaseUnavailableError:
            product = self._fallback.recall_product(product_id)
            title = product.title if product else ""
            drawing = render_product_drawing(product_id=product_id, category_id=category_id, title=title)
            return replace(_to_picture(drawing.encode(), MEDIA_TYPES["svg"]), is_provisional=True)
        return None if facts is None else draw(**facts, is_grocery=self._fallback.storefront.drawings == "grocery")

    def open_file(self, name: str, extension: str) -> Picture | None:
        """Return a picture of the storefront's own, such as its logo; `None` if there is none of this name."""
        file = self._folder / "storefront" / f"{name}.{extension}"
        return _to_picture(file.read_bytes(), MEDIA_TYPES[extension]) if file.is_file() else None


def fetch_facts(connection: Connection, product_id: int) -> dict[str, Any] | None:
    """Read what a drawing shows of a product, hidden or not: old orders show it too."""
    row = connection.execute(_FACTS.where(Product.product_id == product_id)).mappings().one_or_none()
    return None if row is None else dict(row)


@lru_cache(KEPT_DRAWINGS)
def draw(**facts: Any) -> Picture:
    """Draw a product; the same facts give the same bytes."""
    return _to_picture(render_product_drawing(**facts).encode(), MEDIA_TYPES["svg"])


@lru_cache
def draw_thing(name: str) -> Picture | None:
    """Return a drawing by its name; `None` if there is no such drawing."""
    if name not in list_drawings():
        return None
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{load_drawing(name)}</svg>'
    return _to_picture(svg.encode(), MEDIA_TYPES["svg"])


def _to_picture(content: bytes, media_type: str) -> Picture:
    return Picture(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
