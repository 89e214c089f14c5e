"""Routes of departments and their products."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.pages.browse import Cursor, ProductFilter
from api.routes.dependencies import CataloguePagesDep, CursorQuery, LimitQuery
from api.schemas import AddressId, Categories, ProductPage
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["catalogue"])

MAX_WORDS = 8


@router.get("/categories", responses=refusals(503))
async def get_categories(pages: CataloguePagesDep) -> Categories:
    """List the shop's departments."""
    return await pages.list_categories()


@router.get("/products", responses=refusals(422, 503))
async def get_products(
    pages: CataloguePagesDep,
    category_id: Annotated[AddressId | None, Query(description="Only of this department.")] = None,
    query: Annotated[str, Query(max_length=100, description="Words that the title must hold.")] = "",
    limit: LimitQuery = 24,
    cursor: CursorQuery = None,
) -> ProductPage:
    """Walk through a department or through what a search finds: popular ones first, sellable ones only."""
    words = tuple(query.replace("\0", " ").lower().split()[:MAX_WORDS])
    try:
        place = None if cursor is None else Cursor.parse(cursor)
    except ValueError as err:
        raise ApiError(422, f"cursor: {err}.") from err
    return await pages.list_products(ProductFilter(category_id, words), limit, place)
