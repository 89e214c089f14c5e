"""Table of what is known of the copy that pages read the catalogue from, where they do not read the shop itself."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, table_arguments
from shop.tables.types import BigId, UtcDateTime


class CatalogueCopy(PlatformBase):
    """A copied table: when the round began that brought it up to date, and rows that the last comparison set aside."""

    __tablename__ = "catalogue_copies"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    copied_at: Mapped[datetime] = mapped_column(UtcDateTime)
    num_set_aside: Mapped[int] = mapped_column(BigId)

    __table_args__ = table_arguments()
