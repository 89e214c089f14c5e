"""Routes of one product's pages."""

import orjson
from fastapi import APIRouter, Response

from api.routes.dependencies import LimitQuery, ProductIdPath, ProductPagesDep, ShopperDep
from api.schemas import ProductDetails, SimilarProducts
from api.web.auth import GUESTS_TOO
from api.web.errors import ApiError, refusals
from api.web.headers import to_header

router = APIRouter(tags=["products"])

NO_SUCH_PRODUCT = "The shop shows no product with this id right now."


@router.get("/products/{product_id}", openapi_extra=GUESTS_TOO, responses=refusals(401, 403, 404, 422, 503))
async def get_product(pages: ProductPagesDep, product_id: ProductIdPath, user_id: ShopperDep) -> ProductDetails:
    """Return a product's page. Sold-out products still have one, hidden and deleted ones do not."""
    details = await pages.fetch_details(product_id, user_id)
    if details is None:
        raise ApiError(404, NO_SUCH_PRODUCT)
    return details


@router.get(
    "/products/{product_id}/similar",
    response_model=SimilarProducts,
    openapi_extra=GUESTS_TOO,
    responses=refusals(401, 403, 404, 422),
)
async def get_similar(
    pages: ProductPagesDep, product_id: ProductIdPath, user_id: ShopperDep, limit: LimitQuery = 12
) -> Response:
    """List what goes with a product, what can be bought instead, and both in one list, topped up from its category.

    A shopper is not shown what they said they are not interested in.
    """
    answer = await pages.fetch_similar(product_id, limit, user_id)
    if answer is None:
        raise ApiError(404, NO_SUCH_PRODUCT)
    lists = {"products": answer.products, "substitutes": answer.substitutes, "complements": answer.complements}
    listed = {name: [product.listed() for product in products] for name, products in lists.items()}
    headers = {"X-Rung": to_header(answer.rungs)}
    if answer.batch_id:
        headers["X-Batch-Id"] = to_header(answer.batch_id)
    body = orjson.dumps({"product_id": product_id, **listed})
    return Response(body, media_type="application/json", headers=headers)
