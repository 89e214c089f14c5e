"""Routes of the homepage's recommendations."""

import time
from functools import lru_cache
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.db.reader import ShopUnavailableError
from api.dependencies import DEFAULT_LIMIT, LimitQuery, Parts, UserIdQuery, parts_of
from api.pages.answer import HomeAnswer
from api.pages.explain import ShopperEvidence, read_evidence
from api.pages.explain import explain as write_reasons
from api.queries.published import BatchHead
from api.schemas import ExplainedHome, HomeRecommendations
from api.web.errors import refusals

router = APIRouter(tags=["recommendations"])

HOME_PATH = "/recommendations/home"
MOST_PROVENANCES = 256

PROVENANCE = {
    "X-Batch-Id": {"description": "Published batch that the page comes from.", "schema": {"type": "string"}},
    "X-Model-Version": {"description": "Version that ranked it.", "schema": {"type": "string"}},
    "X-Rung": {"description": "Rungs that filled the page, in order, with commas.", "schema": {"type": "string"}},
    "X-Arm": {"description": "Alias whose lists the shopper sees in an A/B test.", "schema": {"type": "string"}},
    "X-Batch-Age-Seconds": {"description": "Seconds since the batch's as_of.", "schema": {"type": "integer"}},
    "X-Request-Id": {"description": "Id to send back with events.", "schema": {"type": "string"}},
}


@router.get(
    HOME_PATH,
    response_model=HomeRecommendations | ExplainedHome,
    responses={200: {"headers": PROVENANCE}, **refusals(401, 403, 422)},
)
async def get_home(
    request: Request,
    limit: LimitQuery = DEFAULT_LIMIT,
    explain: Annotated[bool, Query(description="Say for each product why, and which coupons it has.")] = False,
    user_id: UserIdQuery = None,
) -> Response:
    """Return a shopper's homepage: personal where it can be, popular where not, always sellable.

    An unknown shopper and a logged-out one get popular products and an empty nickname.
    """
    parts = parts_of(request)
    parts.authenticator.require(request.headers.get("authorization"), user_id)
    return await answer_home(parts, user_id, limit, explain=explain)


async def answer_home(parts: Parts, user_id: int | None, limit: int, *, explain: bool = False) -> Response:
    """Return the homepage of a shopper who was admitted, with where it comes from in its headers."""
    answer = await parts.home.answer(user_id, limit)
    parts.metrics.count_page(answer.rungs, is_short=answer.num_products < limit)
    body = orjson.dumps((await _explain(parts, answer, user_id)).model_dump(mode="json")) if explain else answer.body
    return _HomeResponse(body, answer)


async def _explain(parts: Parts, answer: HomeAnswer, user_id: int | None) -> ExplainedHome:
    """Add reasons; when the database is late, in plain words."""
    try:
        evidence = await parts.slow_reader.read(read_evidence, answer, user_id)
    except ShopUnavailableError:
        evidence = ShopperEvidence()
    return write_reasons(answer, evidence)


class _HomeResponse(Response):
    """A homepage in JSON with where it comes from; what the pages of a second have in common is encoded once."""

    def __init__(self, body: bytes, answer: HomeAnswer):
        self.status_code, self.background, self.body = 200, None, body
        common = _provenance(int(time.time()), answer.head, answer.rungs, answer.model_version, answer.variant)
        self.raw_headers = [*common, (b"content-length", b"%d" % len(body))]


@lru_cache(MOST_PROVENANCES)
def _provenance(
    _second: int, head: BatchHead | None, rungs: str, model_version: str, variant: str | None
) -> list[tuple[bytes, bytes]]:
    """Say where a page of this second comes from. The page is one shopper's, so no cache between may keep it."""
    headers = {"cache-control": "private, no-store", "content-type": "application/json", "x-rung": rungs}
    if head is not None:
        headers |= {"x-batch-id": head.batch_id, "x-batch-age-seconds": str(head.age_seconds())}
    if model_version:
        headers["x-model-version"] = model_version
    if variant:
        headers["x-arm"] = variant
    return [(name.encode(), value.encode()) for name, value in headers.items()]
