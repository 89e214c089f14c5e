"""The homepage's recommendations."""

import orjson
from fastapi import APIRouter, Response

from api.dependencies import LimitQuery, PartsDep, UserIdQuery
from api.home import HomeAnswer
from api.schemas import ErrorAnswer, HomeRecommendations

router = APIRouter(tags=["recommendations"])

PROVENANCE = {
    "X-Batch-Id": {"description": "Published batch that the page comes from.", "schema": {"type": "string"}},
    "X-Model-Version": {"description": "Version that ranked it.", "schema": {"type": "string"}},
    "X-Rung": {"description": "Rungs that filled the page, in order, with commas.", "schema": {"type": "string"}},
    "X-Batch-Age-Seconds": {"description": "Seconds since the batch's as_of.", "schema": {"type": "integer"}},
    "X-Request-Id": {"description": "Id to send back with events.", "schema": {"type": "string"}},
}


@router.get(
    "/recommendations/home",
    response_model=HomeRecommendations,
    responses={200: {"headers": PROVENANCE}, 422: {"model": ErrorAnswer}},
)
async def get_home(parts: PartsDep, user_id: UserIdQuery = None, limit: LimitQuery = 20) -> Response:
    """Give a shopper's homepage: personal where it can be, popular where not, always sellable.

    An unknown shopper and a logged-out one get popular products and an empty nickname.
    """
    answer = await parts.home.answer(user_id, limit)
    parts.metrics.pages.labels(answer.rungs).inc()
    if len(answer.picks) < limit:
        parts.metrics.short_pages.inc()
    body = {
        "user_nickname": answer.nickname,
        "recommendations": [pick.product._asdict() for pick in answer.picks],
    }
    return Response(orjson.dumps(body), media_type="application/json", headers=_provenance(answer))


def _provenance(answer: HomeAnswer) -> dict[str, str]:
    """Say where a page comes from. The page is one shopper's, so no cache between may keep it."""
    headers = {"X-Rung": answer.rungs, "Cache-Control": "private, no-store"}
    if answer.head is not None:
        headers["X-Batch-Id"] = answer.head.batch_id
        headers["X-Batch-Age-Seconds"] = str(answer.head.age_seconds())
    if answer.model_version:
        headers["X-Model-Version"] = answer.model_version
    return headers
