"""Route of shoppers' events: impressions, clicks and the rest."""

from fastapi import APIRouter

from api.queries.events import write_events
from api.routes.dependencies import AdmissionDep, MetricsDep, PlatformWriterDep, RequestIdsDep
from api.schemas import EventsReceipt, ShopperEvents
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals
from api.web.request_ids import UNVERIFIED

router = APIRouter(tags=["events"])


@router.post(
    "/events",
    status_code=202,
    openapi_extra=GUESTS_TOO,
    responses=refusals(401, 403, 413, 422, 503),
)
async def post_events(
    writer: PlatformWriterDep,
    admission: AdmissionDep,
    request_ids: RequestIdsDep,
    metrics: MetricsDep,
    batch: ShopperEvents,
) -> EventsReceipt:
    """Write a batch of events. Sending it again is safe: an event's key is written once.

    An event that names an answer which its shopper was not given is written, and counts for no answer.
    """
    for user_id in {event.user_id for event in batch.events}:
        admission.require(user_id)
    events = [request_ids.verify(event, event.user_id) for event in batch.events]
    metrics.unverified.inc(sum(event.rung == UNVERIFIED for event in events))
    return await writer.write(write_events, events)
