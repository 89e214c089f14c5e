"""The document in the database: read, written, removed."""

from collections.abc import Mapping
from difflib import get_close_matches

from sqlalchemy import Connection, delete, insert, select

from shop.mapping.id_map import read_kinds, read_texts
from shop.storefront.config import InvalidStorefrontError, StorefrontConfig, name_departments, parse_storefront
from shop.storefront.departments import find_linked_department, find_restricted
from shop.tables import STOREFRONT, Category, Product, StorefrontDocument

_OURS = StorefrontDocument.name == STOREFRONT


def read_document(connection: Connection) -> str:
    """Return the document as it was written; empty if nobody wrote one."""
    return connection.execute(select(StorefrontDocument.document).where(_OURS)).scalar() or ""


def write_document(connection: Connection, document: str, shop: Connection | None = None) -> None:
    """Check a document and put it in the place of the last one.

    Args:
        connection: to the platform's database.
        document: in TOML.
        shop: to the shop's database; `None` where it is the platform's.

    Raises:
        InvalidStorefrontError: it breaks rules, speaks of departments that the shop does not have, or has banners for
            restricted ones; all of it is named at once.
    """
    shop = shop or connection
    names = {row.category_id: row.name for row in shop.execute(select(Category.category_id, Category.name))}
    known = set(names.values())
    wrong = [_miss(name, place, known) for name, place in name_departments(document).items() if name not in known]
    try:
        wrong += _find_restricted_banners(parse_storefront(document), names, connection, shop)
    except InvalidStorefrontError as err:
        wrong.insert(0, str(err))
    if wrong:
        raise InvalidStorefrontError("; ".join(wrong))
    remove_document(connection)
    connection.execute(insert(StorefrontDocument).values(name=STOREFRONT, document=document))


def remove_document(connection: Connection) -> bool:
    """Go back to the defaults; says whether there was a document."""
    return connection.execute(delete(StorefrontDocument).where(_OURS)).rowcount > 0


def _find_restricted_banners(
    config: StorefrontConfig, names: Mapping[int, str], platform: Connection, shop: Connection
) -> list[str]:
    """Say which banners lead to a restricted department, by its name or by an address, and what lets them."""
    restricted = {category_id: names[category_id] for category_id in find_restricted(config, names)}
    closed = select(Product.product_id, Product.category_id).where(Product.category_id.in_(restricted))
    department_of = {row.product_id: row.category_id for row in shop.execute(closed)}
    numbers = {"products": department_of, "categories": names}
    texts = {kind: read_texts(platform, kind, list(numbers[kind])) for kind in read_kinds(platform) & numbers.keys()}
    found = []
    for at, banner in enumerate(config.banners or [], 1):
        name, field = banner.department, f"department: {banner.department!r} is"
        if banner.link is not None:
            linked = find_linked_department(banner.link, department_of, texts)
            name = None if linked is None else restricted.get(linked)
            field = f"link: {banner.link!r} leads to {name!r}, which is"
        if name in restricted.values():
            found.append(
                f"banners[{at}].{field} restricted, which no banner may show; if it may, say `restricted = false` "
                f"under [departments.{name!r}]"
            )
    return found


def _miss(name: str, place: str, known: set[str]) -> str:
    """Say that a department is missing, and which one may be meant."""
    close = get_close_matches(name, sorted(known), n=1)
    hint = f"is {close[0]!r} meant?" if close else f"there are: {', '.join(sorted(known)[:20])}"
    return f"{place}: the shop has no department {name!r}; {hint}"
