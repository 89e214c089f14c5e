"""Route of shoppers' events: impressions, clicks and the rest."""

from fastapi import APIRouter

from api.db.reader import ShopUnavailableError
from api.dependencies import AuthorizationHeader, PartsDep
from api.queries.events import write_events
from api.schemas import EventsReceipt, ShopperEvents
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["events"])


@router.post(
    "/events",
    status_code=202,
    responses=refusals(401, 403, 413, 422, 503),
)
async def post_events(
    parts: PartsDep, batch: ShopperEvents, authorization: AuthorizationHeader = None
) -> EventsReceipt:
    """Write a batch of events. Sending it again is safe: an event's key is written once."""
    for user_id in {event.user_id for event in batch.events}:
        parts.authenticator.require(authorization, user_id)
    try:
        return await parts.writer.write(write_events, batch.events)
    except ShopUnavailableError as err:
        raise ApiError(503, "Events can't be written right now; send them again later.", 5) from err
