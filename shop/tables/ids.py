"""Table of the whole numbers that stand for a shop's ids of text, such as SKUs, UUIDs and e-mail addresses."""

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, table_arguments
from shop.tables.types import BigId


class ShopId(PlatformBase):
    """An id of text and its number, which stays the same for ever.

    `kind` is what has the id (`products`); `text` is kept to the last character; `digest` is the SHA-256 of its UTF-8,
    by which it is found: no collation has a say in what is equal.
    """

    __tablename__ = "shop_ids"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = table_arguments(UniqueConstraint("kind", "digest"))
