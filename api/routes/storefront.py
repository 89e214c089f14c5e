"""Route of the storefront's own look."""

from fastapi import APIRouter, Response

from api.routes.dependencies import StorefrontPageDep
from api.schemas.storefront import Storefront
from api.web.errors import refusals

router = APIRouter(tags=["storefront"])


@router.get("/storefront", response_model=Storefront, responses=refusals(503))
async def get_storefront(page: StorefrontPageDep) -> Response:
    """Return name, colours, departments and banners: what the pages ask for first."""
    return Response(await page.answer(), media_type="application/json")
