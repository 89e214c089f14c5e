"""What shoppers saw and did."""

from fastapi import APIRouter

from api.dependencies import PartsDep
from api.errors import ApiError
from api.events import write_events
from api.reader import ShopUnavailableError
from api.schemas import ErrorAnswer, EventsReceipt, ShopperEvents

router = APIRouter(tags=["events"])


@router.post(
    "/events",
    status_code=202,
    responses={413: {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}},
)
async def post_events(parts: PartsDep, batch: ShopperEvents) -> EventsReceipt:
    """Write a batch of events. Sending it again is safe: an event's key is written once."""
    try:
        return await parts.writer.run(write_events, batch.events)
    except ShopUnavailableError as err:
        raise ApiError(503, "Events can't be written right now; send them again later.", 5) from err
