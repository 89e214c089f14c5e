"""Routes of shoppers and their orders."""

from datetime import timedelta

from fastapi import APIRouter

from api.db.reader import ShopUnavailableError
from api.dependencies import CursorQuery, LimitQuery, OwnerDep, PartsDep
from api.queries.shoppers import fetch_orders, fetch_shoppers
from api.schemas import MAX_ID, Shoppers, UserOrders
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["shoppers"])

TOKEN_LIFETIME = timedelta(hours=12)
NOT_NOW = "The shop's database does not answer right now; ask again in a moment."


@router.get("/users", responses=refusals(404, 503))
async def get_users(parts: PartsDep) -> Shoppers:
    """List shoppers to act as, of each kind. Only a demonstration has this."""
    if not parts.is_demo:
        raise ApiError(404, "This shop lets nobody choose who they are.")
    try:
        shoppers = await parts.slow_reader.read(fetch_shoppers)
    except ShopUnavailableError as err:
        raise ApiError(503, NOT_NOW, retry_after_seconds=5) from err
    for shopper in shoppers.users:
        shopper.token = parts.authenticator.issue(shopper.user_id, TOKEN_LIFETIME)
    return shoppers


@router.get(
    "/users/{user_id}/orders",
    responses=refusals(401, 403, 404, 422, 503),
)
async def get_orders(
    parts: PartsDep, user_id: OwnerDep, limit: LimitQuery = 20, cursor: CursorQuery = None
) -> UserOrders:
    """List a shopper's orders, newest first."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and int(cursor) <= MAX_ID):
        raise ApiError(422, "cursor: this is no cursor of this API; begin without one.")
    try:
        orders = await parts.slow_reader.read(fetch_orders, user_id, limit, None if cursor is None else int(cursor))
    except ShopUnavailableError as err:
        raise ApiError(503, NOT_NOW, retry_after_seconds=5) from err
    if orders is None:
        raise ApiError(404, "The shop has no user with this id.")
    return orders
