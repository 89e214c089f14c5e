"""Routes of pictures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Response

from api.pages.images import Picture, draw_thing
from api.routes.dependencies import PicturesDep
from api.schemas import MAX_ID, ErrorAnswer
from api.web.errors import ApiError

router = APIRouter(tags=["images"])

SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""An SVG opened by itself runs nothing and loads nothing."""

FRESH_SECONDS = 3600
NAME = r"^[A-Za-z0-9_-]{1,64}$"


@router.get(
    "/static/images/products/category{category_number}/product{product_number}.{extension}",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, 304: {}, 404: {"model": ErrorAnswer}},
)
async def get_picture(
    pictures: PicturesDep,
    category_number: Annotated[int, Path(ge=0, le=MAX_ID)],
    product_number: Annotated[int, Path(ge=0, le=MAX_ID)],
    extension: Literal["svg", "jpg", "png", "webp"],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a product's picture: the shop's own file, else a drawing. Its address is taken whole from an answer."""
    picture = await pictures.fetch(category_number, product_number, extension)
    if picture is None:
        raise ApiError(404, "The shop has no product with this id.")
    return _send(picture, if_none_match)


@router.get(
    "/static/images/drawings/{name}.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, 304: {}, 404: {"model": ErrorAnswer}},
)
async def get_drawing(
    name: Annotated[str, Path(pattern=NAME)], if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Return the drawing of a thing, such as a department's icon."""
    picture = draw_thing(name)
    if picture is None:
        raise ApiError(404, "There is no drawing of this name.")
    return _send(picture, if_none_match)


@router.get(
    "/static/images/storefront/{name}.{extension}",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}, 304: {}, 404: {"model": ErrorAnswer}},
)
def get_storefront_picture(
    pictures: PicturesDep,
    name: Annotated[str, Path(pattern=NAME)],
    extension: Literal["svg", "jpg", "png", "webp"],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a picture that the merchant put into the storefront's folder: a logo, an icon, a banner."""
    picture = pictures.open_file(name, extension)
    if picture is None:
        raise ApiError(404, "The storefront has no picture of this name.")
    return _send(picture, if_none_match)


def _send(picture: Picture, if_none_match: str | None) -> Response:
    """Answer with a picture, or that the one that the browser has is still the same."""
    kept = "no-store" if picture.is_provisional else f"public, max-age={FRESH_SECONDS}"
    headers = SAFE | {"ETag": picture.etag, "Cache-Control": kept}
    if if_none_match and picture.etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)
