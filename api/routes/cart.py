"""Route of what goes with a cart."""

import orjson
from fastapi import APIRouter, Request, Response

from api.routes.dependencies import AdmissionDep, CartPageDep, MetricsDep
from api.routes.home import PROVENANCE, HomeResponse
from api.schemas import CartContents, CartRecommendations
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals

router = APIRouter(tags=["recommendations"])


@router.post(
    "/recommendations/cart",
    response_model=CartRecommendations,
    openapi_extra=GUESTS_TOO,
    responses={200: {"headers": PROVENANCE}, **refusals(401, 403, 413, 422)},
)
async def post_cart(
    page: CartPageDep, metrics: MetricsDep, admission: AdmissionDep, cart: CartContents, request: Request
) -> Response:
    """Recommend what goes with a cart. Nothing is ordered or kept; a shopper whom the shop does not know is a guest."""
    admission.require(cart.user_id)
    request.state.user_id = cart.user_id
    answer = await page.answer(cart.user_id, list(dict.fromkeys(cart.product_ids)), cart.limit)
    metrics.count_page(answer.rungs, is_short=len(answer.ranked_products) < cart.limit)
    products = [
        each.product.listed() | {"goes_with": answer.goes_with.get(each.product.product_id)}
        for each in answer.ranked_products
    ]
    return HomeResponse(orjson.dumps({"products": products}), answer)
