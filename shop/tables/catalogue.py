"""Tables of the catalogue: categories, products, their further categories, images and reviews."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import Base, index_changes, table_arguments
from shop.tables.types import BigId, Money


class Category(Base):
    """A department of the shop; `position` orders the menu."""

    __tablename__ = "categories"

    category_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = table_arguments(index_changes("category_id"))


class Product(Base):
    """Something for sale. Hidden = `is_visible` false; sold out = `stock` 0; gone = no row.

    A product that was ever ordered cannot be deleted, since order items point at it: hide it instead. Variants of one
    thing (sizes, colours) share a `family_id`; the number is any, and names no row.
    `price` is what is charged now, `regular_price` what it costs when it is not reduced.
    """

    __tablename__ = "products"

    product_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    category_id: Mapped[int] = mapped_column(BigId, ForeignKey("categories.category_id"))
    title: Mapped[str] = mapped_column(String(500))
    brand: Mapped[str | None] = mapped_column(String(200))
    product_type: Mapped[str | None] = mapped_column(String(200))
    size: Mapped[str | None] = mapped_column(String(100))
    price: Mapped[Decimal] = mapped_column(Money)
    stock: Mapped[int] = mapped_column(server_default="0")
    is_visible: Mapped[bool] = mapped_column(server_default=text("1"))
    description: Mapped[str | None] = mapped_column(Text)
    family_id: Mapped[int | None] = mapped_column(BigId)
    regular_price: Mapped[Decimal | None] = mapped_column(Money)

    __table_args__ = table_arguments(
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("regular_price IS NULL OR regular_price >= 0", name="regular_price_not_negative"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint("is_visible IN (0, 1)", name="is_visible_boolean"),
        Index(None, "category_id", "is_visible", "product_id"),
        Index(None, "family_id"),
        index_changes("product_id"),
    )


class ProductCategory(Base):
    """A category that a product stands in beside its main one, which is `category_id`, or above it."""

    __tablename__ = "product_categories"

    product_category_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.product_id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(BigId, ForeignKey("categories.category_id", ondelete="CASCADE"))

    __table_args__ = table_arguments(
        Index(None, "category_id", "product_id"), Index(None, "product_id"), index_changes("product_category_id")
    )


class ProductImage(Base):
    """A picture of a product; the one at the lowest `position` stands in lists."""

    __tablename__ = "product_images"

    image_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.product_id", ondelete="CASCADE"))
    image_url: Mapped[str] = mapped_column(String(500))
    position: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = table_arguments(
        UniqueConstraint("product_id", "position"),
        CheckConstraint("position >= 0", name="position_not_negative"),
        index_changes("image_id"),
    )


class ProductReview(Base):
    """A user's opinion of a product, one to five stars."""

    __tablename__ = "product_reviews"

    review_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.product_id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.user_id", ondelete="CASCADE"))
    rating: Mapped[int]
    body: Mapped[str | None] = mapped_column(Text)

    __table_args__ = table_arguments(
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_one_to_five"),
        Index(None, "product_id", "created_at"),
        Index(None, "user_id"),
        index_changes("review_id"),
    )
