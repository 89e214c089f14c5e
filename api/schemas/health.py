"""Schema of the health check."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class Problem(BaseModel):
    """One thing that is wrong, and what helps."""

    part: Literal["database", "recommendations", "model_server", "fallback"]
    problem: str
    remedy: str


class Health(BaseModel):
    """How the API is. Degraded still answers, from lower rungs or the local fallback."""

    status: Literal["ok", "degraded"]
    problems: list[Problem]
    batch_id: str | None
    model_version: str | None
    as_of: datetime | None
    batch_age_seconds: int | None
