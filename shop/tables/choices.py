"""Table of what shoppers said of their recommendations: no interest in a product or a kind, or that it was a gift."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, index_changes, one_of, table_arguments
from shop.tables.types import BigId, UtcDateTime

NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE, GIFT = "not_interested_product", "not_interested_type", "gift"
CHOICE_KINDS = (NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE, GIFT)


class ShopperChoice(PlatformBase):
    """One choice of one shopper, which holds from `made_at` until it is undone.

    What is undone keeps its row, so that the ML store sees the end of it as it sees any change. `choice_key` says what
    was chosen: the same again is the same row. `product_type` is the kind that a product was of when it was chosen; a
    product without one counts as of its category's, as in the features. `order_id` is 0 unless it was a gift.
    """

    __tablename__ = "shopper_choices"

    choice_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId)
    choice_key: Mapped[str] = mapped_column(String(250))
    kind: Mapped[str] = mapped_column(String(32))
    product_id: Mapped[int] = mapped_column(BigId)
    product_type: Mapped[str | None] = mapped_column(String(200))
    category_id: Mapped[int] = mapped_column(BigId)
    order_id: Mapped[int] = mapped_column(BigId, server_default="0")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = table_arguments(
        UniqueConstraint("user_id", "choice_key"),
        CheckConstraint(one_of("kind", CHOICE_KINDS), name="kind_known"),
        index_changes("choice_id"),
    )
