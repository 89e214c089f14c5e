"""Shoppers and their orders."""

from fastapi import APIRouter

from api.dependencies import CursorQuery, LimitQuery, PartsDep, UserIdPath
from api.errors import ApiError
from api.reader import ShopUnavailableError
from api.schemas import MAX_ID, ErrorAnswer, Shoppers, UserOrders
from api.shoppers import fetch_orders, fetch_shoppers

router = APIRouter(tags=["shoppers"])

NOT_NOW = "The shop's database does not answer right now; ask again in a moment."


@router.get("/users", responses={404: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def get_users(parts: PartsDep) -> Shoppers:
    """List shoppers to act as, of each kind. Only a demonstration has this."""
    if not parts.is_demo:
        raise ApiError(404, "This shop lets nobody choose who they are.")
    try:
        return await parts.slow_reader.run(fetch_shoppers)
    except ShopUnavailableError as err:
        raise ApiError(503, NOT_NOW, retry_after_seconds=5) from err


@router.get(
    "/users/{user_id}/orders",
    responses={404: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}},
)
async def get_orders(
    parts: PartsDep, user_id: UserIdPath, limit: LimitQuery = 20, cursor: CursorQuery = None
) -> UserOrders:
    """List a shopper's orders, newest first."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and int(cursor) <= MAX_ID):
        raise ApiError(422, "cursor: this is no cursor of this API; begin without one.")
    try:
        orders = await parts.slow_reader.run(fetch_orders, user_id, limit, None if cursor is None else int(cursor))
    except ShopUnavailableError as err:
        raise ApiError(503, NOT_NOW, retry_after_seconds=5) from err
    if orders is None:
        raise ApiError(404, "The shop has no user with this id.")
    return orders
