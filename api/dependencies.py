"""FastAPI dependencies as named types; the parts behind them are built once, in `api/application.py`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from api.db.reader import ShopReader
from api.db.writer import ShopWriter
from api.health import HealthCheck
from api.pages.browse import ShopFloor
from api.pages.home import HomePage
from api.pages.images import ProductPictures
from api.pages.products import ProductPages
from api.schemas import MAX_ID
from api.web.auth import Authenticator
from api.web.metrics import Metrics


@dataclass(frozen=True)
class Parts:
    """The parts of one application.

    Attributes:
        slow_reader: reads for pages that can wait a moment; its troubles do not count against the quick ones.
        writer: for all that shoppers leave behind.
        authenticator: who may act as whom.
        is_demo: whether anybody may act as any shopper.
    """

    home: HomePage
    products: ProductPages
    floor: ShopFloor
    pictures: ProductPictures
    health: HealthCheck
    metrics: Metrics
    slow_reader: ShopReader
    writer: ShopWriter
    authenticator: Authenticator
    is_demo: bool


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that serves the request."""
    parts: Parts = request.app.state.parts
    return parts


async def get_parts(request: Request) -> Parts:
    """Return the same as a dependency; async, since others are resolved in threads."""
    return parts_of(request)


PartsDep = Annotated[Parts, Depends(get_parts)]
UserIdQuery = Annotated[int | None, Query(ge=0, le=MAX_ID, description="The shopper; absent when logged out.")]
DEFAULT_LIMIT = 20
"""Products on a page whose size was not asked for."""
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Products wanted.")]
CursorQuery = Annotated[str | None, Query(max_length=120, description="`next_cursor` of the page before.")]
UserIdPath = Annotated[int, Path(ge=0, le=MAX_ID)]
ProductIdPath = Annotated[int, Path(ge=0, le=MAX_ID)]


async def require_shopper(request: Request, parts: PartsDep, user_id: UserIdQuery = None) -> int | None:
    """Return the shopper whom a query names, if the request may speak of them."""
    parts.authenticator.require(request.headers.get("authorization"), user_id)
    return user_id


async def require_owner(request: Request, parts: PartsDep, user_id: UserIdPath) -> int:
    """Return the shopper whose page a path names, if the request may speak of them."""
    parts.authenticator.require(request.headers.get("authorization"), user_id)
    return user_id


ShopperDep = Annotated[int | None, Depends(require_shopper)]
OwnerDep = Annotated[int, Depends(require_owner)]
AuthorizationHeader = Annotated[str | None, Header(description="Bearer TOKEN, where the installation asks for one.")]
