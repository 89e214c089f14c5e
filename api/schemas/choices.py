"""Schemas of what shoppers choose about their own recommendations."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.basics import AnswerId, Id

ChoiceKind = Literal["not_interested_product", "not_interested_type", "gift"]

_KIND = Field(
    description="not_interested_product: neither it nor its variants; not_interested_type: nothing of its kind; "
    "gift: a line of an order that says nothing of the shopper's own taste."
)


class NewChoice(BaseModel):
    """What a shopper chooses about a product, or about a line of an order."""

    model_config = ConfigDict(extra="forbid")

    kind: ChoiceKind = _KIND
    product_id: Id
    order_id: Id | None = Field(None, description="gift: the order that the product was bought in; else null.")

    @model_validator(mode="after")
    def _names_an_order(self) -> Self:
        """Refuse a gift without its order, and an order where none belongs."""
        if (self.kind == "gift") != (self.order_id is not None):
            raise ValueError("order_id belongs to a gift, and to nothing else")
        return self


class Choice(BaseModel):
    """A choice that holds."""

    choice_id: int
    kind: ChoiceKind = _KIND
    product_id: AnswerId
    title: str | None = Field(description="The product's; null if the shop has it no more.")
    image_url: str | None
    product_type: str | None = Field(description="Its kind when it was chosen; null: its department stands for it.")
    category_id: AnswerId
    category_name: str | None
    order_id: AnswerId | None = Field(description="gift: the order; else null.")
    made_at: datetime


class Choices(BaseModel):
    """All choices of a shopper that hold, newest first."""

    choices: list[Choice]
