"""Tables of sales: users, orders and their items, coupons and their holders."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import Base, index_changes, one_of, table_arguments
from shop.tables.types import BigId, Money, UtcDateTime

ORDER_STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled")
DISCOUNT_TYPES = ("percent", "amount")


class User(Base):
    """A registered shopper; `created_at` is the registration."""

    __tablename__ = "users"

    user_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    nickname: Mapped[str] = mapped_column(String(100))

    __table_args__ = table_arguments(index_changes("user_id"))


class Order(Base):
    """One checkout of one user, or of a guest: `user_id` is NULL. `total_amount` is what was paid, after discounts."""

    __tablename__ = "orders"

    order_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.user_id"))
    status: Mapped[str] = mapped_column(String(16), server_default="placed")
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    total_amount: Mapped[Decimal] = mapped_column(Money)

    __table_args__ = table_arguments(
        CheckConstraint(one_of("status", ORDER_STATUSES), name="status_known"),
        CheckConstraint("total_amount >= 0", name="total_amount_not_negative"),
        Index(None, "user_id", "ordered_at", "order_id"),
        index_changes("order_id"),
    )


class OrderItem(Base):
    """A line of an order. The same product may stand on several lines; a `quantity` below zero was given back.

    `unit_price` is what one unit cost in the end; `discount_amount` is what the whole line was reduced by before that.
    """

    __tablename__ = "order_items"

    order_item_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.order_id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.product_id"))
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column(Money)
    discount_amount: Mapped[Decimal] = mapped_column(Money, server_default="0")

    __table_args__ = table_arguments(
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("discount_amount >= 0", name="discount_amount_not_negative"),
        Index(None, "order_id"),
        Index(None, "product_id"),
        index_changes("order_item_id"),
    )


class PlacedCheckout(Base):
    """The key under which a storefront placed an order: the same key again finds that order, and places none.

    `cart_hash` tells the same cart from another one; `NULL` in rows from before it was written.
    """

    __tablename__ = "checkouts"

    order_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.order_id", ondelete="CASCADE"))
    cart_hash: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = table_arguments(UniqueConstraint("order_id"))


class PendingOrderEvents(Base):
    """An order's events, written with it, until the platform's database has them: the outbox of the checkout.

    `events` holds the columns of a row of `events` for each line, but for when: that is the order's instant.
    """

    __tablename__ = "pending_order_events"

    order_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("orders.order_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    events: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    __table_args__ = table_arguments()


class Coupon(Base):
    """A discount within [`valid_from`, `valid_until`) on a product, a category, or (neither set) the whole shop."""

    __tablename__ = "coupons"

    coupon_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    discount_type: Mapped[str] = mapped_column(String(16))
    discount_value: Mapped[Decimal] = mapped_column(Money)
    valid_from: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    product_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("products.product_id", ondelete="CASCADE"))
    category_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("categories.category_id", ondelete="CASCADE"))

    __table_args__ = table_arguments(
        UniqueConstraint("code"),
        CheckConstraint(one_of("discount_type", DISCOUNT_TYPES), name="discount_type_known"),
        CheckConstraint(
            "discount_value >= 0 AND (discount_type <> 'percent' OR discount_value <= 100)", name="discount_value_range"
        ),
        CheckConstraint("valid_until > valid_from", name="valid_until_after_valid_from"),
        Index(None, "product_id"),
        Index(None, "category_id"),
        index_changes("coupon_id"),
    )


class UserCoupon(Base):
    """A coupon in a user's hands; `used_at` and `order_id` are set when it is redeemed."""

    __tablename__ = "user_coupons"

    user_coupon_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.user_id", ondelete="CASCADE"))
    coupon_id: Mapped[int] = mapped_column(BigId, ForeignKey("coupons.coupon_id", ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("orders.order_id"))

    __table_args__ = table_arguments(
        Index(None, "user_id", "used_at"),
        Index(None, "coupon_id"),
        Index(None, "order_id"),
        index_changes("user_coupon_id"),
    )
