"""Routes of the homepage's recommendations."""

import time
from functools import lru_cache
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.pages.answer import HomeAnswer
from api.pages.cart import CartAnswer
from api.pages.explain import ShopperEvidence, read_evidence
from api.pages.explain import explain as write_reasons
from api.pages.home import HomePage
from api.pages.shelves import ShelvesAnswer
from api.queries.published import BatchHead
from api.routes.dependencies import DEFAULT_LIMIT, DatabasesDep, HomePageDep, LimitQuery, MetricsDep, ShopperDep
from api.schemas import ExplainedHome, HomeRecommendations
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals
from api.web.headers import to_header
from api.web.metrics import Metrics

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
    openapi_extra=GUESTS_TOO,
    responses={200: {"headers": PROVENANCE}, **refusals(401, 403, 422)},
)
async def get_home(
    home_page: HomePageDep,
    metrics: MetricsDep,
    databases: DatabasesDep,
    user_id: ShopperDep,
    limit: LimitQuery = DEFAULT_LIMIT,
    explain: Annotated[bool, Query(description="Say for each product why, and which coupons it has.")] = False,
) -> Response:
    """Return a shopper's homepage: personal where it can be, popular where not, always sellable.

    An unknown shopper and a logged-out one get popular products and an empty nickname.
    """
    answer = await answer_home(home_page, metrics, user_id, limit)
    if not explain:
        return HomeResponse(answer.body, answer)
    explained = await _explain(databases, answer, user_id)
    return HomeResponse(orjson.dumps(explained.model_dump(mode="json")), answer)


async def answer_home(home_page: HomePage, metrics: Metrics, user_id: int | None, limit: int) -> HomeAnswer:
    """Make and count the homepage of a shopper who was admitted."""
    answer = await home_page.answer(user_id, limit)
    metrics.count_page(answer.rungs, is_short=answer.num_products < limit)
    return answer


async def _explain(databases: Databases, answer: HomeAnswer, user_id: int | None) -> ExplainedHome:
    """Add reasons; when a database is late, their codes alone."""
    try:
        evidence = await databases.within_deadline(read_evidence(databases, answer, user_id))
    except DatabaseUnavailableError:
        evidence = ShopperEvidence()
    return write_reasons(answer, evidence)


class HomeResponse(Response):
    """A page in JSON with where it comes from; what the pages of a second have in common is encoded once."""

    def __init__(self, body: bytes, answer: HomeAnswer | ShelvesAnswer | CartAnswer):
        """Take the page's JSON and where it comes from."""
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
    return [(name.encode(), to_header(value).encode()) for name, value in headers.items()]
