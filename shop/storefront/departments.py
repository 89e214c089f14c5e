"""What departments get by their names, where the merchant says nothing: an icon that fits, or a restriction."""

import re
from collections.abc import Mapping

from shop.drawings.choice import choose_department_drawing
from shop.storefront.config import DepartmentConfig, StorefrontConfig, drawing_address

RESTRICTED = re.compile(
    r"\b(?:beers?|wines?|liquors?|spirits|alcohol|tobacco|cigar\w*|vap(?:e|es|ing)|adult)\b"
    "|주류|맥주|와인|소주|담배|성인"
)
LARGEST_SHARE = 0.5
"""A shop most of whose departments would be restricted sells just that: none is, unless its merchant says so."""

SILENT = DepartmentConfig()


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
