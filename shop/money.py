"""Currencies and their minor units (ISO 4217): how many decimals an amount that can be charged has."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

DEFAULT_DECIMALS = 2
CODES_BY_DECIMALS = {
    0: "BIF, CLP, DJF, GNF, ISK, JPY, KMF, KRW, PYG, RWF, UGX, UYI, VND, VUV, XAF, XOF, XPF",
    3: "BHD, IQD, JOD, KWD, LYD, OMR, TND",
}
"""Currencies whose minor unit is not the hundredth."""

MOST_DECIMALS = max(CODES_BY_DECIMALS)
DIGITS = 10 + MOST_DECIMALS
"""Digits of a stored amount: ten before the point, and as many after it as any currency has."""

LARGEST_AMOUNT = Decimal("9999999999.99")
"""What a column of amounts holds at most: ten digits before the point."""

_DECIMALS_OF = {code: decimals for decimals, codes in CODES_BY_DECIMALS.items() for code in codes.split(", ")}


@dataclass(frozen=True)
class Currency:
    """A currency by its ISO 4217 code, such as USD."""

    code: str

    @property
    def decimals(self) -> int:
        """Digits after the point of an amount that can be charged."""
        return _DECIMALS_OF.get(self.code, DEFAULT_DECIMALS)

    @property
    def minor_unit(self) -> Decimal:
        """Smallest amount that can be charged."""
        return Decimal(1).scaleb(-self.decimals)

    def round_down(self, amount: Decimal) -> Decimal:
        """Drop what is smaller than the minor unit."""
        return amount.quantize(self.minor_unit, ROUND_DOWN)

    def round_half_up(self, amount: Decimal) -> Decimal:
        """Round to the minor unit, halves away from zero, as browsers write prices."""
        return amount.quantize(self.minor_unit, ROUND_HALF_UP)


DOLLAR = Currency("USD")
FINEST = Currency("KWD")
"""One whose smallest unit, the thousandth, is as fine as a column of amounts can hold."""
