"""Route of product images."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Response

from api.routes.dependencies import PicturesDep, ProductIdPath
from api.schemas import MAX_ID, ErrorAnswer
from api.web.errors import ApiError

router = APIRouter(tags=["images"])

SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""An SVG opened by itself runs nothing and loads nothing."""

FRESH_SECONDS = 3600


@router.get(
    "/static/images/products/category{category_id}/product{product_id}.{extension}",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, 304: {}, 404: {"model": ErrorAnswer}},
)
async def get_picture(
    pictures: PicturesDep,
    category_id: Annotated[int, Path(ge=0, le=MAX_ID)],
    product_id: ProductIdPath,
    extension: Literal["svg", "jpg", "png", "webp"],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a product's picture: the shop's own file, else a drawing."""
    picture = await pictures.fetch(category_id, product_id, extension)
    if picture is None:
        raise ApiError(404, "The shop has no product with this id.")
    kept = "no-store" if picture.is_provisional else f"public, max-age={FRESH_SECONDS}"
    headers = SAFE | {"ETag": picture.etag, "Cache-Control": kept}
    if if_none_match and picture.etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)
