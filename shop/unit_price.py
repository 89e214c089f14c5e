"""Unit prices: what 100 g, an ounce or a piece of a product costs, where its size tells how much of it there is. Pure.

Units as Google's product data specification has them for `unit_pricing_measure`, as far as shops write them in sizes.
A size that says anything else, such as `30-35 ct` or `12 oz / 8 ct`, tells no unit price.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

MOST_SIZES = 16_384

_NAMES = {
    "g": {"g": 1, "gr": 1, "gram": 1, "grams": 1, "kg": 1000, "그램": 1},
    "ml": {
        "ml": 1,
        "cl": 10,
        "dl": 100,
        "l": 1000,
        "lt": 1000,
        "ltr": 1000,
        "liter": 1000,
        "litre": 1000,
        "리터": 1000,
    },
    "oz": {"oz": 1, "ounce": 1, "ounces": 1, "lb": 16, "lbs": 16},
    "fl_oz": {"fl oz": 1, "fl. oz": 1, "pt": 16, "qt": 32, "gal": 128},
    "piece": {"ct": 1, "count": 1, "ea": 1, "pcs": 1, "pieces": 1, "개": 1, "개입": 1, "입": 1, "매": 1, "정": 1},
}
_MEASURES = {name: (unit, factor) for unit, names in _NAMES.items() for name, factor in names.items()}

_NUMBER = r"\d{1,6}(?:[.,]\d{1,3})?|(?:\d{1,3} )?[1-7]/[2348]"
_SIZE = re.compile(rf"(?:(\d{{1,4}})\s*[x×*]\s*)?({_NUMBER})\s*([^\W\d_][\w. ]*?)\.?(?:\s*[x×*]\s*(\d{{1,4}}))?")

METRIC_QUANTITY = 100
"""Grams and millilitres that a unit price is of; of many pieces likewise."""


class PricePerUnit(NamedTuple):
    """What `quantity` of a unit costs: g, ml, oz, fl_oz or piece."""

    price: float
    quantity: int
    unit: str


def find_unit_price(price: float, size: str | None) -> PricePerUnit | None:
    """Return the unit price, to a hundredth of a percent; `None` where the size tells none, or it is the price itself.

    Args:
        price: of the product, in the shop's currency.
        size: as the shop writes it, such as `6 x 330 ml` or `1 lb`.
    """
    if size is None or (measure := _measure(size)) is None:
        return None
    amount, unit = measure
    is_many = unit in ("g", "ml") or (unit == "piece" and amount >= METRIC_QUANTITY)
    quantity = METRIC_QUANTITY if is_many else 1
    return None if amount == quantity else PricePerUnit(float(f"{price * quantity / amount:.5g}"), quantity, unit)


@lru_cache(MOST_SIZES)
def _measure(size: str) -> tuple[float, str] | None:
    """Return how much of which unit a size says."""
    found = _SIZE.fullmatch(size.strip().lower())
    if found is None or found[3].strip() not in _MEASURES or (found[1] and found[4]):
        return None
    unit, factor = _MEASURES[found[3].strip()]
    number = sum(Fraction(part.replace(",", ".")) for part in found[2].split())
    amount = float(number) * factor * int(found[1] or found[4] or 1)
    return (amount, unit) if amount > 0 else None
