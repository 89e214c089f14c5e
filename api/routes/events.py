"""Route of shoppers' events: impressions, clicks and the rest."""

from fastapi import APIRouter

from api.dependencies import AuthenticatorDep, AuthorizationHeader, ShopWriterDep
from api.queries.events import write_events
from api.schemas import EventsReceipt, ShopperEvents
from api.web.errors import refusals

router = APIRouter(tags=["events"])


@router.post(
    "/events",
    status_code=202,
    responses=refusals(401, 403, 413, 422, 503),
)
async def post_events(
    writer: ShopWriterDep,
    authenticator: AuthenticatorDep,
    batch: ShopperEvents,
    authorization: AuthorizationHeader = None,
) -> EventsReceipt:
    """Write a batch of events. Sending it again is safe: an event's key is written once."""
    for user_id in {event.user_id for event in batch.events}:
        authenticator.require(authorization, user_id)
    return await writer.write(write_events, batch.events)
