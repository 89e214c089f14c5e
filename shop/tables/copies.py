"""Table of what is known of the copy that pages read the catalogue from, where they do not read the shop itself."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, table_arguments
from shop.tables.types import BigId, UtcDateTime


class CatalogueCopy(PlatformBase):
    """What is known of a copied table, on which the next round builds.

    Attributes:
        copied_at: when the round began that brought it up to date, by the clock of whoever copied.
        num_set_aside: rows that the last comparison set aside.
        read_until: every change that was committed before is in the copy, by the shop's clock.
        compared_at: when all rows were last compared, by the shop's clock.
        fingerprint: of what the rows were read from and how; another one means that they are to be compared.
    """

    __tablename__ = "catalogue_copies"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    copied_at: Mapped[datetime] = mapped_column(UtcDateTime)
    num_set_aside: Mapped[int] = mapped_column(BigId)
    read_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fingerprint: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = table_arguments()
