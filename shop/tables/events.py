"""Tables of shoppers' events in the storefront."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, index_changes, one_of, table_arguments
from shop.tables.types import BigId, Thousandths, UtcDateTime

MOST_EXPLORED = 0.4
"""Share that may be explored: a shelf has a propensity above it in its usual place, and at most it in another."""

EVENT_TYPES = ("impression", "click", "cart", "order")


class Event(PlatformBase):
    """One thing that happened to one product in one response of the API.

    `event_key` makes a repeated delivery harmless. Users and products are named without a foreign key: an event must
    not be refused because the row that it speaks of has just been deleted. `request_id` to `shelf` name the answer that
    showed the product: its slot, batch, version, rungs, in a comparison the arm, on a page of shelves the shelf.
    `place` is where that shelf stood on its page, from 0, and `propensity` the share of shoppers for whom it did.
    """

    __tablename__ = "events"

    event_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_key: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int | None] = mapped_column(BigId)
    event_type: Mapped[str] = mapped_column(String(16))
    product_id: Mapped[int] = mapped_column(BigId)
    request_id: Mapped[str] = mapped_column(String(64))
    position: Mapped[int | None]
    batch_id: Mapped[str | None] = mapped_column(String(64))
    model_version: Mapped[str | None] = mapped_column(String(32))
    rung: Mapped[str | None] = mapped_column(String(100))
    arm: Mapped[str | None] = mapped_column(String(64))
    shelf: Mapped[str | None] = mapped_column(String(32))
    place: Mapped[int | None]
    propensity: Mapped[float | None] = mapped_column(Thousandths)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = table_arguments(
        UniqueConstraint("event_key"),
        CheckConstraint(one_of("event_type", EVENT_TYPES), name="event_type_known"),
        CheckConstraint("position IS NULL OR position >= 0", name="position_not_negative"),
        Index(None, "user_id", "occurred_at"),
        Index(None, "occurred_at"),
        index_changes("event_id"),
    )
