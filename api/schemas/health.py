"""Schema of the health check."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class Problem(BaseModel):
    """One thing that is wrong, and what helps."""

    part: Literal[
        "shop_database",
        "platform_database",
        "catalogue",
        "recommendations",
        "model_server",
        "fallback",
        "storefront",
        "load",
    ]
    problem: str
    remedy: str


class CatalogueState(BaseModel):
    """The copy that pages read products and prices from: late if several rounds of copying were missed."""

    status: Literal["healthy", "late"]
    copied_at: datetime | None
    age_seconds: int | None


class Health(BaseModel):
    """How the API is. Degraded still answers, from lower rungs or the local fallback."""

    status: Literal["ok", "degraded"]
    problems: list[Problem]
    batch_id: str | None
    model_version: str | None
    as_of: datetime | None
    batch_age_seconds: int | None
    champion_version: str | None
    """Version that the alias names, as far as the audit log knows; shown unless `lists_behind_seconds`."""
    catalogue: CatalogueState | None
    """The copy of the catalogue; null where pages read the shop itself."""
    lists_behind_seconds: int | None
    """For how long the lists have been those of another version than the alias names, another one of the same number
    too; null if they are not."""
