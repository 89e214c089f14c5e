"""Checkout."""

from fastapi import APIRouter, Request, Response

from api.checkout import CheckoutError, NoSuchUserError, place_order
from api.dependencies import PartsDep
from api.errors import ApiError
from api.reader import ShopUnavailableError
from api.schemas import Checkout, ErrorAnswer, OrderReceipt

router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    status_code=201,
    responses={
        200: {"model": OrderReceipt, "description": "The same key had ordered this before."},
        404: {"model": ErrorAnswer},
        409: {"model": ErrorAnswer},
        413: {"model": ErrorAnswer},
        422: {"model": ErrorAnswer},
        503: {"model": ErrorAnswer},
    },
)
async def post_order(parts: PartsDep, checkout: Checkout, request: Request, response: Response) -> OrderReceipt:
    """Order and pay a cart at today's prices. Sending it again is safe: a key orders once."""
    try:
        receipt = await parts.writer.run(place_order, checkout, request.state.request_id)
    except NoSuchUserError as err:
        raise ApiError(404, err.message) from err
    except CheckoutError as err:
        raise ApiError(409, err.message, details=err.details) from err
    except ShopUnavailableError as err:
        raise ApiError(503, "The order may not have been placed; send it again with the same key.", 5) from err
    if receipt.is_repeat:
        response.status_code = 200
    return receipt
