"""Routes of shoppers and their orders."""

from datetime import timedelta

from fastapi import APIRouter, Depends

from api.queries.shoppers import fetch_orders, fetch_shoppers
from api.routes.dependencies import (
    AuthenticatorDep,
    CursorQuery,
    LimitQuery,
    OwnerDep,
    ShopIdsDep,
    ShopReaderDep,
    require_demo,
)
from api.schemas import MAX_ID, Shoppers, UserOrders
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["shoppers"])

TOKEN_LIFETIME = timedelta(hours=12)


@router.get("/users", dependencies=[Depends(require_demo)], responses=refusals(404, 503))
async def get_users(reader: ShopReaderDep, authenticator: AuthenticatorDep, shop_ids: ShopIdsDep) -> Shoppers:
    """List shoppers to act as, of each kind. Only a demonstration has this."""
    shoppers = await reader.read(fetch_shoppers)
    texts = await shop_ids.spell("users", [shopper.user_id for shopper in shoppers.users])
    for shopper in shoppers.users:
        subject = texts.get(shopper.user_id, str(shopper.user_id))
        shopper.token = authenticator.issue(subject, TOKEN_LIFETIME)
    return shoppers


@router.get(
    "/users/{user_id}/orders",
    responses=refusals(401, 403, 404, 422, 503),
)
async def get_orders(
    reader: ShopReaderDep, user_id: OwnerDep, limit: LimitQuery = 20, cursor: CursorQuery = None
) -> UserOrders:
    """List a shopper's orders, newest first."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and int(cursor) <= MAX_ID):
        raise ApiError(422, "cursor: this is no cursor of this API; begin without one.")
    orders = await reader.read(fetch_orders, user_id, limit, None if cursor is None else int(cursor))
    if orders is None:
        raise ApiError(404, "The shop has no user with this id.")
    return orders
