"""Routes of quote and checkout."""

from fastapi import APIRouter, Depends, Request, Response

from api.orders.checkout import place_order
from api.orders.order_events import list_order_events
from api.orders.pricing import CheckoutError, NoSuchUserError
from api.orders.quote import quote_cart
from api.routes.dependencies import (
    AdmissionDep,
    CurrencyDep,
    OutboxDep,
    RequestIdsDep,
    ShopReaderDep,
    ShopWriterDep,
    require_checkout,
)
from api.schemas import Cart, CartQuote, Checkout, OrderReceipt
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["orders"])


@router.post(
    "/orders",
    status_code=201,
    dependencies=[Depends(require_checkout)],
    responses={
        200: {"model": OrderReceipt, "description": "The same key had ordered this before."},
        **refusals(401, 403, 404, 409, 413, 422, 503),
    },
)
async def post_order(
    shop_writer: ShopWriterDep,
    outbox: OutboxDep,
    admission: AdmissionDep,
    currency: CurrencyDep,
    request_ids: RequestIdsDep,
    checkout: Checkout,
    request: Request,
    response: Response,
) -> OrderReceipt:
    """Order and pay a cart at today's prices. Sending it again is safe: a key orders once."""
    admission.require(checkout.user_id)
    events = list_order_events(checkout, request.state.request_id, request_ids)
    try:
        receipt = await shop_writer.write(place_order, checkout, currency, events)
    except NoSuchUserError as err:
        raise ApiError(404, err.message) from err
    except CheckoutError as err:
        raise ApiError(409, err.message, details=err.details) from err
    outbox.wake()
    if receipt.is_repeat:
        response.status_code = 200
    return receipt


@router.post("/orders/quote", responses=refusals(401, 403, 409, 413, 422, 503))
async def post_quote(reader: ShopReaderDep, admission: AdmissionDep, currency: CurrencyDep, cart: Cart) -> CartQuote:
    """Say what a cart costs right now with the coupons that take off most. Nothing is ordered."""
    admission.require(cart.user_id)
    try:
        return await reader.read(quote_cart, cart, currency)
    except CheckoutError as err:
        raise ApiError(409, err.message, details=err.details) from err
