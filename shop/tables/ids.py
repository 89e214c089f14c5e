"""Table of the whole numbers that stand for a shop's ids of text, such as SKUs and e-mail addresses."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import Base, table_arguments
from shop.tables.types import BigId


class TextId(Base):
    """An id of a loaded file and its number, which stays the same in every later load.

    `kind` is what has the id (`products`); `text` is kept to the last character.
    """

    __tablename__ = "text_ids"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = table_arguments()
