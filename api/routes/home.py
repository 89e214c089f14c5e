"""The homepage's recommendations."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.answer import HomeAnswer
from api.dependencies import LimitQuery, Parts, UserIdQuery, parts_of
from api.errors import refusals
from api.explain import Evidence, read_evidence
from api.explain import explain as write_reasons
from api.reader import ShopUnavailableError
from api.schemas import ExplainedHome, HomeRecommendations

router = APIRouter(tags=["recommendations"])

PROVENANCE = {
    "X-Batch-Id": {"description": "Published batch that the page comes from.", "schema": {"type": "string"}},
    "X-Model-Version": {"description": "Version that ranked it.", "schema": {"type": "string"}},
    "X-Rung": {"description": "Rungs that filled the page, in order, with commas.", "schema": {"type": "string"}},
    "X-Arm": {"description": "Alias whose lists the shopper sees in a comparison.", "schema": {"type": "string"}},
    "X-Batch-Age-Seconds": {"description": "Seconds since the batch's as_of.", "schema": {"type": "integer"}},
    "X-Request-Id": {"description": "Id to send back with events.", "schema": {"type": "string"}},
}


@router.get(
    "/recommendations/home",
    response_model=HomeRecommendations | ExplainedHome,
    responses={200: {"headers": PROVENANCE}, **refusals(401, 403, 422)},
)
async def get_home(
    request: Request,
    limit: LimitQuery = 20,
    explain: Annotated[bool, Query(description="Say for each product why, and which coupons it has.")] = False,
    user_id: UserIdQuery = None,
) -> Response:
    """Give a shopper's homepage: personal where it can be, popular where not, always sellable.

    An unknown shopper and a logged-out one get popular products and an empty nickname.
    """
    parts = parts_of(request)  # the busiest route: resolving dependencies would cost more than reading the page
    parts.doorkeeper.admit(request.headers.get("authorization"), user_id)
    answer = await parts.home.answer(user_id, limit)
    parts.metrics.pages.labels(answer.rungs).inc()
    if len(answer.picks) < limit:
        parts.metrics.short_pages.inc()
    body = (await _explain(parts, answer, user_id)).model_dump(mode="json") if explain else _to_seed(answer)
    return Response(orjson.dumps(body), media_type="application/json", headers=_provenance(answer))


def _to_seed(answer: HomeAnswer) -> dict[str, Any]:
    """Give exactly the seed's body."""
    products = [pick.product._asdict() for pick in answer.picks]
    return {"user_nickname": answer.nickname, "recommendations": products}


async def _explain(parts: Parts, answer: HomeAnswer, user_id: int | None) -> ExplainedHome:
    """Add reasons; when the database is late, in plain words."""
    try:
        evidence = await parts.slow_reader.run(read_evidence, answer, user_id)
    except ShopUnavailableError:
        evidence = Evidence()
    return write_reasons(answer, evidence)


def _provenance(answer: HomeAnswer) -> dict[str, str]:
    """Say where a page comes from. The page is one shopper's, so no cache between may keep it."""
    headers = {"X-Rung": answer.rungs, "Cache-Control": "private, no-store"}
    if answer.head is not None:
        headers["X-Batch-Id"] = answer.head.batch_id
        headers["X-Batch-Age-Seconds"] = str(answer.head.age_seconds())
    if answer.model_version:
        headers["X-Model-Version"] = answer.model_version
    if answer.arm:
        headers["X-Arm"] = answer.arm
    return headers
