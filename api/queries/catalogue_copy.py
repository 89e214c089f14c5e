"""Query of how old the copy of the catalogue is, where pages read one."""

from datetime import datetime

from sqlalchemy import Connection, select

from shop.tables import CatalogueCopy, Product

_COPIED_AT = select(CatalogueCopy.copied_at).where(CatalogueCopy.name == Product.__tablename__)


def fetch_copied_at(connection: Connection) -> datetime | None:
    """Return since when the products stand as they were copied; `None` if they never were."""
    return connection.execute(_COPIED_AT).scalar()
