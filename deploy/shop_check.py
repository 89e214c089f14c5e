"""Check of the shop's files or database before anything starts: opened and asked for columns, hardly any row read."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from deploy.shop_choice import ShopChoice, refuse
from settings import Settings
from shop.database import ShopFailedError, engine_scope, open_engine
from shop.failures import describe
from shop.loaders.directory import find_folder_faults
from shop.loaders.exports.read import find_export_faults
from shop.loaders.validation import InvalidShopError
from shop.mapping.canonical import CANONICAL_TABLES, PLATFORM_TABLES
from shop.mapping.inspection import inspect_shop
from shop.mapping.model import MappingError, ShopMapping, load_mapping
from shop.mapping.select import build_source

ANSWER_SECONDS = 10


def check_shop(shop: ShopChoice, settings: Settings) -> None:
    """Check what a shop is made of, within seconds at any size.

    Args:
        shop: as a person named it.
        settings: say which database it lies in, or comes to.

    Raises:
        SetupError: files, columns, the database or the account's rights are missing; all that is wrong with the shop is
            named at once.
    """
    try:
        faults = _find_faults(shop, settings)
    except (InvalidShopError, MappingError, ShopFailedError, ArgumentError, ValueError) as err:
        faults = [str(err)]
    if faults:
        raise refuse(shop.text, "; ".join(faults))


def _find_faults(shop: ShopChoice, settings: Settings) -> list[str]:
    if shop.mapping:
        return _find_mapped_faults(load_mapping(shop.mapping), settings)
    faults = [] if settings.has_own_shop_file else _find_connection_faults(settings.shop_owner_database_url)
    if shop.folder is None:
        return faults
    if shop.files_mapping:
        return faults + find_export_faults(shop.folder, load_mapping(shop.files_mapping))
    return faults + find_folder_faults(shop.folder)


def _find_mapped_faults(mapping: ShopMapping, settings: Settings) -> list[str]:
    if mapping.files:
        return ["this mapping reads files: write 'directory DIR --mapping NAME'"]
    if settings.has_own_shop_file:
        return ["say which database it reads, SHOP_DATABASE_URL='mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME'"]
    if not settings.has_own_database:
        return ["the platform would write there: name another database in PLATFORM_DATABASE_URL, or none"]
    engine = open_engine(settings.shop_database_url, read_only=True, read_timeout_seconds=ANSWER_SECONDS)
    with engine_scope(engine), engine.connect() as connection:
        of_the_shop = mapping.of(mapping.sections.keys() - PLATFORM_TABLES)
        faults, _warnings = inspect_shop(connection, of_the_shop)
        return faults + _find_unreadable_tables(connection, of_the_shop, faults)


def _find_unreadable_tables(connection: Connection, mapping: ShopMapping, known: list[str]) -> list[str]:
    """Let the account read each table as the sync does, but no row: columns can be listed without the right to them.

    Args:
        connection: to the shop's database.
        mapping: says what its tables mean.
        known: faults, each of which begins with its table; such tables are not looked at again.
    """
    faults = []
    for canonical in CANONICAL_TABLES:
        section = mapping.section(canonical.name)
        if section is None or any(fault.startswith(f"[{canonical.name}]") for fault in known):
            continue
        source = build_source(mapping.describe(canonical), section, connection.dialect.name).sql
        try:
            connection.exec_driver_sql(f"SELECT * FROM {source} LIMIT 0").close()  # noqa: S608, from the mapping
        except DBAPIError as err:
            faults.append(f"[{canonical.name}] {describe(err)}")
    return faults


def _find_connection_faults(url: str) -> list[str]:
    """Reach the database that is to be filled."""
    with engine_scope(open_engine(url, read_timeout_seconds=ANSWER_SECONDS)) as engine, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return []
