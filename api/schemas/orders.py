"""Schemas of orders: checkout, receipt, and orders placed before."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.basics import AnswerId, Id, Token
from api.schemas.catalogue import ListedCoupon
from api.schemas.events import Source

MAX_LINES = 50
MAX_COUPONS = 10
MAX_KEPT_COUPONS = 50


class CartLine(BaseModel):
    """One product of a cart."""

    model_config = ConfigDict(extra="forbid")

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=99, strict=True)]


class CheckoutLine(CartLine):
    """One product of a cart that is ordered."""

    source: Source | None = Field(None, description="The answer that the product was put into the cart from.")


class Cart(BaseModel):
    """A cart whose price is asked for."""

    model_config = ConfigDict(extra="forbid")

    user_id: Id
    items: Annotated[list[CartLine], Field(min_length=1, max_length=MAX_LINES)]
    without_coupon_ids: Annotated[list[Id], Field(max_length=MAX_KEPT_COUPONS)] = Field(
        default=[], description="Coupons that the shopper wants to keep for another time."
    )


class RedeemedCoupon(ListedCoupon):
    """A coupon of the shopper at work."""

    product_id: AnswerId = Field(description="The product of the cart that it takes money off.")
    discount_amount: float = Field(description="How much it takes off.")


class CartQuote(BaseModel):
    """What a cart costs right now."""

    total_before_coupons: float
    total_amount: float = Field(description="What a checkout with these coupons charges: its `expected_total`.")
    coupons: list[RedeemedCoupon] = Field(description="Those that take off most: a checkout's `coupon_ids`, in order.")


class Checkout(BaseModel):
    """A cart to be ordered and paid. The payment is simulated: it always succeeds."""

    model_config = ConfigDict(extra="forbid")

    order_key: Token = Field(description="Made by the storefront, unique to the cart: the same key again orders once.")
    user_id: Id
    items: Annotated[list[CheckoutLine], Field(min_length=1, max_length=MAX_LINES)]
    coupon_ids: Annotated[list[Id], Field(max_length=MAX_COUPONS)] = Field(
        default=[], description="Coupons to redeem, each on the dearest line that it is valid for."
    )
    expected_total: Annotated[float, Field(ge=0, le=1e10, strict=True, allow_inf_nan=False)] | None = Field(
        None, description="What the shopper was shown. When today's prices give another total, nothing is ordered."
    )


class OrderLine(BaseModel):
    """One line of an order."""

    product_id: AnswerId
    title: str
    image_url: str
    quantity: int
    unit_price: float = Field(description="What one unit cost in the end.")
    discount_amount: float = Field(description="What the whole line was reduced by before that.")


class OrderSummary(BaseModel):
    """An order."""

    order_id: AnswerId
    status: Literal["placed", "paid", "shipped", "delivered", "cancelled"]
    ordered_at: datetime
    total_amount: float
    items: list[OrderLine]


class OrderReceipt(OrderSummary):
    """What became of a checkout."""

    is_repeat: bool = Field(description="Whether the same key had ordered this before.")


class UserOrders(BaseModel):
    """Orders of a shopper, newest first."""

    orders: list[OrderSummary]
    next_cursor: str | None = Field(description="Ask again with it for older ones; null at the end.")
