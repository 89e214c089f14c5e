"""What departments get by their names, where the merchant says nothing, and which one an address leads to."""

import posixpath
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from shop.mapping.id_map import Texts
from shop.mapping.path_segments import unescape_dots, write_segment
from shop.storefront.config import DepartmentConfig, StorefrontConfig, drawing_address
from shop.storefront.drawings.choice import choose_department_drawing

RESTRICTED = re.compile(
    r"\b(?:beers?|wines?|liquors?|spirits|alcohol|tobacco|cigar\w*|vap(?:e|es|ing)|adult)\b"
    "|주류|맥주|와인|소주|담배|성인"
)
LARGEST_SHARE = 0.5
"""A shop most of whose departments would be restricted sells just that: none is, unless its merchant says so."""

SILENT = DepartmentConfig()

_PAGE = re.compile(r"/(category|product)/(.+)", re.IGNORECASE)
"""Pages of the storefront that show one department, or one product of it."""


def find_restricted(config: StorefrontConfig, names: Mapping[int, str]) -> frozenset[int]:
    """Return the departments that are never recommended: those that the merchant names, else by their names.

    Args:
        config: what the merchant said.
        names: of the shop's departments, by id.
    """
    by_name = {category_id for category_id, name in names.items() if RESTRICTED.search(name.lower())}
    if len(by_name) > LARGEST_SHARE * len(names):
        by_name = set()
    said = {category_id: config.departments.get(name, SILENT).restricted for category_id, name in names.items()}
    return frozenset(each for each, answer in said.items() if (each in by_name if answer is None else answer))


def find_icon(config: StorefrontConfig, name: str) -> str | None:
    """Return the address of a department's icon; `None` if the merchant named none and no drawing fits."""
    if (said := config.departments.get(name, SILENT).icon) is not None:
        return said
    drawing = choose_department_drawing(name)
    return None if drawing is None else drawing_address(drawing)


def link_department(category_id: int, texts: Texts) -> str:
    """Return the address of a department's page.

    Args:
        category_id: the department.
        texts: the shop's own ids, where they are text.
    """
    return f"/category/{write_segment(texts.get('categories', {}).get(category_id, str(category_id)))}"


def find_linked_department(link: str, department_of: Mapping[int, int], texts: Texts) -> int | None:
    """Return the id of the department that an address leads to, however it is spelled; `None` for another page.

    Args:
        link: of whatever host, since the storefront's own is not known here.
        department_of: of each product that may be linked to.
        texts: the shop's own ids, where they are text.
    """
    page = _PAGE.fullmatch(posixpath.normpath(unquote(urlsplit(link).path)))
    if page is None:
        return None
    is_category = page[1].lower() == "category"
    found = _read_id(page[2], texts.get("categories" if is_category else "products"))
    return found if is_category or found is None else department_of.get(found)


def _read_id(spelled: str, texts: Mapping[int, str] | None) -> int | None:
    """Return the number of an id in an address, as the API reads it: of whole numbers, "03" and "3.0" are 3, too."""
    if texts is not None:
        return next((number for number, text in texts.items() if text == unescape_dots(spelled)), None)
    try:
        number = float(spelled)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
