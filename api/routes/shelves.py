"""Route of a shopper's page in shelves."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.pages.explain import ShopperEvidence, explain_products, read_facts
from api.pages.shelf_proposals import POPULAR
from api.pages.shelves import FilledShelf, ShelvesAnswer
from api.routes.dependencies import DatabasesDep, MetricsDep, ShelvesPageDep, ShopperDep
from api.routes.home import PROVENANCE, HomeResponse
from api.schemas import Shelf, ShelfFacts, ShelvesOfShopper
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals

router = APIRouter(tags=["recommendations"])

DEFAULT_LENGTH = 12

LengthQuery = Annotated[int, Query(ge=1, le=50, description="Most products of a shelf.")]


@router.get(
    "/recommendations/shelves",
    response_model=ShelvesOfShopper,
    openapi_extra=GUESTS_TOO,
    responses={200: {"headers": PROVENANCE}, **refusals(401, 403, 422)},
)
async def get_shelves(
    shelves_page: ShelvesPageDep,
    metrics: MetricsDep,
    databases: DatabasesDep,
    user_id: ShopperDep,
    limit: LengthQuery = DEFAULT_LENGTH,
) -> Response:
    """Return a shopper's page as shelves by intent, each product with its reason; no product or family twice.

    An unknown shopper and a logged-out one get what is popular and what is new. Once enough was clicked, shelves stand
    in the order that shoppers of a kind like.
    """
    answer = await shelves_page.answer(user_id, limit)
    popular = [ranked for shelf in answer.shelves if shelf.code == POPULAR for ranked in shelf.ranked_products]
    metrics.count_page(answer.rungs, is_short=len(popular) < limit)
    evidence = await _read_facts(databases, answer)
    shelves = [_describe(shelf, place, evidence) for place, shelf in enumerate(answer.shelves)]
    page = ShelvesOfShopper(user_nickname=answer.nickname, shelves=shelves)
    return HomeResponse(orjson.dumps(page.model_dump(mode="json")), answer)


def _describe(shelf: FilledShelf, place: int, evidence: ShopperEvidence) -> Shelf:
    """Write a shelf with its reasons; what stands there for a purchase goes with that one."""
    facts = ShelfFacts()
    if shelf.anchor is not None:
        facts = ShelfFacts(product_id=shelf.anchor.product_id, title=shelf.anchor.title)
        together = {ranked.product.product_id: shelf.anchor.title for ranked in shelf.ranked_products}
        evidence = replace(evidence, together=together)
    products = explain_products(shelf.ranked_products, evidence)
    return Shelf(code=shelf.code, facts=facts, place=place, propensity=shelf.propensity, products=products)


async def _read_facts(databases: Databases, answer: ShelvesAnswer) -> ShopperEvidence:
    """Read what reasons quote; when a database is late, what was read for the page alone."""
    unquoted = [ranked for shelf in answer.shelves if shelf.anchor is None for ranked in shelf.ranked_products]
    try:
        facts = read_facts(databases, answer.head, unquoted, answer.evidence)
        return await databases.within_deadline(facts)
    except DatabaseUnavailableError:
        return answer.evidence
