"""Table of what a merchant says of the storefront."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, table_arguments

STOREFRONT = "storefront"


class StorefrontDocument(PlatformBase):
    """The storefront's configuration as its author wrote it, in TOML; no row = defaults made from the shop itself."""

    __tablename__ = "storefront_documents"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    document: Mapped[str] = mapped_column(Text)

    __table_args__ = table_arguments()
