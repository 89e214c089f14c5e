"""Schemas of what goes with a cart."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.basics import AnswerId, Id
from api.schemas.catalogue import ListedProduct

MAX_PRODUCTS = 50


class CartContents(BaseModel):
    """What is in a cart, and whose it is."""

    model_config = ConfigDict(extra="forbid")

    user_id: Id | None = Field(None, description="The shopper; null when logged out.")
    product_ids: Annotated[list[Id], Field(max_length=MAX_PRODUCTS, description="Unknown ones say nothing.")]
    limit: Annotated[int, Field(ge=1, le=50, strict=True, description="Products wanted.")] = 12


class CompanionProduct(ListedProduct):
    """A product that goes with a cart."""

    goes_with: AnswerId | None = Field(
        description="The product of the cart with which it is in the same orders more often than by chance; null where "
        "it is there for the shopper, or for being popular."
    )


class CartRecommendations(BaseModel):
    """What goes with a cart, best first: nothing that is in it, of no family in it, sellable now, no family twice."""

    products: list[CompanionProduct]
