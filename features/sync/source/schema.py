"""Schema check before a run's first write: does the shop have what the mapping reads, as it must be?

A column that is missing, of another kind or newly nullable, a key that is not unique or a table without snapshots stops
the run and is named. Extra columns do not cross and are a warning, and so is a server whose clock is not in UTC.
"""

from sqlalchemy import Connection

from features.sync.source.session import SourceError
from shop.mapping.inspection import inspect_shop
from shop.mapping.model import ShopMapping


class SchemaDriftError(SourceError):
    """The shop's tables are not what the mapping was written for."""


def require_columns(connection: Connection, mapping: ShopMapping) -> list[str]:
    """Compare the shop's columns with those that cross.

    Returns:
        A warning for each table with columns that do not cross.

    Raises:
        SchemaDriftError: something is missing or changed; the message lists all of it.
    """
    faults, warnings = inspect_shop(connection, mapping)
    if faults:
        raise SchemaDriftError(
            f"The shop's tables have changed, nothing was written: {'; '.join(faults)}. Restore them, correct "
            "SHOP_MAPPING, or run `python -m shop.migrate` if a shop of the platform's own is older than this code."
        )
    return _warn_of_time_zone(connection) + warnings


def _warn_of_time_zone(connection: Connection) -> list[str]:
    """Warn of a server that stamps DATETIME in a zone of its own, unless the shop's sessions choose UTC."""
    if connection.dialect.name == "sqlite":
        return []
    minutes, zone = connection.exec_driver_sql(
        "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)), "
        "IF(@@global.time_zone = 'SYSTEM', @@system_time_zone, @@global.time_zone)"
    ).one()
    if minutes == 0:
        return []
    return [
        f"the shop's server keeps time in {zone}: DATETIME columns must hold UTC, so each session of the shop that "
        "writes must set time_zone '+00:00' (or the server do so for all)"
    ]
