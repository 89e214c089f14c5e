"""Schemas of the shoppers to choose from in a demonstration."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.basics import AnswerId


class Shopper(BaseModel):
    """A shopper who shows something."""

    user_id: AnswerId
    nickname: str
    kind: Literal["new", "light", "heavy", "lapsed"] = Field(
        description="new: hardly ordered yet; lapsed: used to order; light and heavy: order still, rarely or often."
    )
    num_orders: int
    last_ordered_at: datetime | None
    token: str | None = Field(description="To act as this shopper where the API asks for a token, else null.")


class Shoppers(BaseModel):
    """Some shoppers of each kind."""

    users: list[Shopper]
