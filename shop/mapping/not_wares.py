"""Products that are no wares (bags, postage, deposits, gift wrap): left out wherever a mapping's rows name them."""

from collections.abc import Mapping
from typing import Any

NOT_WARES = "not_wares"
LEFT_OUT = {
    "products": "products that are no wares",
    "order_items": "lines that are no wares",
    "product_categories": "categories of what is no ware",
    "product_images": "pictures of what is no ware",
    "product_reviews": "reviews of what is no ware",
    "coupons": "coupons for what is no ware",
}
"""What the check calls the rows, by canonical table."""


def leave_out_not_wares(given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn `not_wares`, a condition of [products], into what each section leaves out.

    Args:
        given: a mapping as TOML has it; one whose [products] cannot be read stays as it is, and its faults are named.
    """
    products = given.get("products")
    if not isinstance(products, dict) or not isinstance(products.get(NOT_WARES), str):
        return dict(given)
    condition, key = products[NOT_WARES], _find_column(products)
    source = f"({products['select']}) AS all_products" if "select" in products else _quote(str(products.get("table")))
    conditions = {"products": condition}
    for name in LEFT_OUT.keys() - conditions.keys():
        if (column := _find_column(given.get(name))) is not None:
            conditions[name] = f"{_quote(column)} IN (SELECT {_quote(str(key))} FROM {source} WHERE {condition})"  # noqa: S608, SQL is what a mapping is made of
    sections = {name: _leave_out(given[name], LEFT_OUT[name], sql) for name, sql in conditions.items()}
    sections["products"].pop(NOT_WARES)
    return {**given, **sections}


def _leave_out(section: Mapping[str, Any], reason: str, condition: str) -> dict[str, Any]:
    known = section.get("left_out", {})
    return {**section, "left_out": {**known, reason: condition} if isinstance(known, dict) else known}


def _find_column(section: Any) -> str | None:
    """Return the column in which a section has products, None if it has none."""
    columns = section.get("columns") if isinstance(section, dict) else None
    given = columns.get("product_id") if isinstance(columns, dict) else None
    column = given.get("column") if isinstance(given, dict) else given
    return column if isinstance(column, str) else None


def _quote(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))
