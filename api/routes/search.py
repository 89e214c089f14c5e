"""Routes of the search and its suggestions. `/search` itself is a page of the storefront."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.pages.search import SearchRequest
from api.queries.search import MOST_MATCHES
from api.routes.dependencies import LimitQuery, SearchPagesDep, ShopperDep
from api.schemas import AddressId, SearchPage, Suggestions
from api.search.results import SearchFilters, Sort
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals

router = APIRouter(tags=["search"], prefix="/catalogue")

KEPT_SECONDS = 60

SearchQuery = Annotated[str, Query(max_length=100, description="Words, in any language that the shop is known in.")]
PriceQuery = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]


@router.get("/search", openapi_extra=GUESTS_TOO, responses=refusals(401, 403, 422, 503))
async def get_search(
    pages: SearchPagesDep,
    response: Response,
    user_id: ShopperDep,
    query: SearchQuery,
    category_id: Annotated[AddressId | None, Query(description="Only of this department.")] = None,
    brand: Annotated[str | None, Query(max_length=200, description="Only of this brand.")] = None,
    min_price: PriceQuery = None,
    max_price: Annotated[PriceQuery, Query(description="Only what costs less.")] = None,
    with_coupon: Annotated[bool, Query(description="Only what the shopper has a coupon for.")] = False,
    with_variants: Annotated[bool, Query(description="Show and count every product of a family by itself.")] = False,
    sort: Sort = "relevance",
    offset: Annotated[int, Query(ge=0, le=MOST_MATCHES, description="Products to pass over.")] = 0,
    limit: LimitQuery = 24,
) -> SearchPage:
    """Find products by words of their title, brand, type or department, mistyped ones too.

    What holds all words is found. Where nothing does, words that are one letter off are corrected. Restricted
    departments are left out. Most relevant first: the larger the share of a product's type that was searched, and then
    the more popular. Of a family the variant that comes first is shown, and all counts count it once.
    """
    response.headers["Cache-Control"] = "private, no-store"
    filters = SearchFilters(category_id, brand, min_price, max_price, with_coupon)
    return await pages.search(SearchRequest(query, filters, sort, offset, limit, user_id, with_variants))


@router.get("/suggestions", responses=refusals(422))
async def get_suggestions(
    pages: SearchPagesDep,
    response: Response,
    query: SearchQuery,
    limit: Annotated[int, Query(ge=1, le=20, description="Suggestions wanted.")] = 8,
) -> Suggestions:
    """Complete what is being typed: departments in each language, kinds of products, brands, popular products."""
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return pages.suggest(query, limit)
