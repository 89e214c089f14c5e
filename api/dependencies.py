"""What routes ask for, as named types. The parts themselves are built once, in `api/application.py`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from api.events import EventWriter
from api.health import HealthCheck
from api.home import HomePage
from api.images import ProductPictures
from api.metrics import Metrics
from api.products import ProductPages
from api.schemas import MAX_ID


@dataclass(frozen=True)
class Parts:
    """The parts of one application."""

    home: HomePage
    products: ProductPages
    pictures: ProductPictures
    events: EventWriter
    health: HealthCheck
    metrics: Metrics


def get_parts(request: Request) -> Parts:
    """Give the parts of the application that serves the request."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(get_parts)]
UserIdQuery = Annotated[int | None, Query(ge=0, le=MAX_ID, description="The shopper; absent when logged out.")]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Products wanted.")]
ProductIdPath = Annotated[int, Path(ge=0, le=MAX_ID)]
