"""Schemas of the homepage."""

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.basics import AnswerId
from api.schemas.catalogue import HomeProduct, ListedCoupon, ListedProduct


class HomeRecommendations(BaseModel):
    """The homepage of a shopper."""

    user_nickname: str = Field(description="Empty for a shopper whom the shop does not know.")
    recommendations: list[HomeProduct] = Field(description="Best first; sellable now; no product twice.")


class ReasonFacts(BaseModel):
    """What the shopper did, for the reason's words to quote. What does not belong to the reason is null."""

    num_orders: int | None = Field(None, description="bought_before: orders with this product.")
    days_between: int | None = Field(None, description="bought_before: mean days between them, if there are several.")
    days_since: int | None = Field(None, description="bought_before: whole days since the last order of it.")
    goes_with: str | None = Field(None, description="bought_together: title of the purchase that it goes with.")
    product_type: str | None = Field(None, description="favourite_type: the kind that the shopper buys.")


class Reason(BaseModel):
    """Why a product was ranked where it is: a code that clients put into words of their language, quoting the facts."""

    code: str = Field(
        description="bought_before, bought_together, favourite_type, similar_shoppers, popular, popular_in_category, "
        "new, pinned."
    )
    facts: ReasonFacts


class AppliedRule(BaseModel):
    """A rule of the merchant's that put a product where it is."""

    rule_id: int
    action: Literal["pin", "boost", "bury"]


class ExplainedProduct(ListedProduct):
    """A product of the homepage with its reason."""

    family_id: AnswerId | None = Field(
        description="Its family, of which the page shows nothing else; null without one."
    )
    reason: Reason
    rung: str = Field(description="The rung that it came from.")
    coupons: list[ListedCoupon] = Field(description="Of the shopper, valid for this product now.")
    is_lifted_by_coupon: bool = Field(description="Whether a coupon lifted it into the first slots.")
    rules: list[AppliedRule] = Field(description="The merchant's rules that put it where it is.")


class ExplainedHome(BaseModel):
    """The homepage with its reasons."""

    user_nickname: str
    recommendations: list[ExplainedProduct]


class ShelfFacts(BaseModel):
    """What a shelf's title quotes. What does not belong to the shelf is null."""

    product_id: AnswerId | None = Field(None, description="because_you_bought: the purchase that it goes with.")
    title: str | None = Field(None, description="because_you_bought: that purchase's title.")


class Shelf(BaseModel):
    """One row of the page, for one intent. Clients put its code and facts into words."""

    code: str = Field(description="buy_again, new_for_you, because_you_bought, with_coupons, popular, just_in.")
    facts: ShelfFacts
    place: int = Field(description="Where it stands on the page, from 0: to be sent back with events.")
    propensity: float = Field(
        description="Share of shoppers like this one for whom it stands there, above 0, to the thousandth: to be sent "
        "back with events."
    )
    products: list[ExplainedProduct] = Field(description="Best first; at least 4 (or `limit`), but for popular.")


class ShelvesOfShopper(BaseModel):
    """The page of a shopper in rows."""

    user_nickname: str = Field(description="Empty for a shopper whom the shop does not know.")
    shelves: list[Shelf] = Field(description="In the order in which they are shown; no product or family twice.")
