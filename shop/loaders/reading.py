"""Parsing of columns into their canonical types; an error names the first value that does not fit.

Each reader returns a series of the canonical type that is null where a value was null or could not be read; the
caller tells the two apart by the nulls of the source.
"""

import polars as pl

from shop.loaders.canonical import DTYPES, Column, Kind
from shop.money import DEFAULT_DECIMALS, MOST_DECIMALS

NUMBER = DTYPES["number"]

INTEGER_PATTERN = r"^\s*[+-]?\d{1,19}(\.0*)?\s*$"
NUMBER_PATTERN = r"^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$"
TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
LARGEST_EXACT_FLOAT = 2.0**53

WORDS_FOR_NOTHING = ("null", "none", "nan", "nat", "nil", "n/a", "na", "<na>", "#n/a", "\\n", "-")
"""What databases, spreadsheets and pandas write for a value that is not there, in small letters."""
WORDS_FOR_NO_TEXT = ("NULL", "\\N", "<NA>", "#N/A", "NaN")
"""Those that no text consists of; a product may be called None, or Na."""

EXPECTED: dict[Kind, str] = {
    "id": "a whole number",
    "integer": "a whole number",
    "stock": "a whole number",
    "pieces": "a number of pieces other than 0",
    "money": "a number such as 12.50, below 10,000,000,000",
    "number": "a number such as 12.50, below 10,000,000,000",
    "boolean": "true or false",
    "instant": "a date or time such as 2026-01-31 or 2026-01-31T18:30:00Z, years 1900 to 2199",
    "text": "text",
}


def read_column(values: pl.Series, column: Column, decimals: int = DEFAULT_DECIMALS) -> pl.Series:
    """Read values as the column's kind.

    Args:
        values: what the file holds, of any type. Float NaN and empty text count as missing.
        column: says which kind is expected.
        decimals: of the shop's currency, which money is rounded to.

    Returns:
        A series of the canonical type, null where nothing can be read.
    """
    readers = {
        "id": _read_integers,
        "integer": _read_integers,
        "stock": lambda given: _read_integers(given).clip(lower_bound=0),
        "pieces": _read_pieces,
        "money": lambda given: _round_money(_read_numbers(given), decimals),
        "number": _read_numbers,
        "boolean": _read_booleans,
        "instant": _read_instants,
        "text": _read_text,
    }
    return readers[column.kind](values).alias(column.name)


def blank_to_null(values: pl.Series, column: Column) -> pl.Series:
    """Make the spellings of a missing value null: NaN, empty text, and the words that exports write for it."""
    if values.dtype.is_float():
        return values.fill_nan(None)
    if values.dtype == pl.Categorical or isinstance(values.dtype, pl.Enum):
        values = values.cast(pl.String)
    if values.dtype == pl.String:
        text = values.str.strip_chars()
        is_word = text.is_in(WORDS_FOR_NO_TEXT)
        if column.kind != "text":
            is_word = text.str.to_lowercase().is_in(WORDS_FOR_NOTHING)
        return values.set((text == "") | is_word, None)
    return values


def _read_integers(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        plain = values.str.strip_chars().str.replace(r"\.0*$", "")
        return plain.set(~values.str.contains(INTEGER_PATTERN), None).cast(pl.Int64, strict=False)
    if values.dtype.is_float():
        is_whole = (values == values.round(0)) & (values.abs() < LARGEST_EXACT_FLOAT)
        return values.set(~is_whole, None).cast(pl.Int64, strict=False)
    if values.dtype.is_integer():
        return values.cast(pl.Int64, strict=False)
    if values.dtype.is_decimal():
        return _read_integers(values.cast(pl.Float64))
    return _unreadable(values, pl.Int64())


def _read_pieces(values: pl.Series) -> pl.Series:
    """Round weights to whole pieces, at least one either way; below zero is what was given back, and 0 is nothing."""
    numbers = _read_numbers(values).cast(pl.Float64)
    pieces = numbers.sign() * numbers.abs().round(0, mode="half_away_from_zero").clip(lower_bound=1)
    return pieces.set(numbers == 0, None).cast(pl.Int64)


def _round_money(amounts: pl.Series, decimals: int) -> pl.Series:
    """Round to the minor unit, halves away from zero."""
    return amounts.round(decimals, mode="half_away_from_zero").cast(NUMBER, strict=False)


def _read_numbers(values: pl.Series) -> pl.Series:
    """Read amounts and shares, rounded to as many decimals as any currency has."""
    if values.dtype == pl.String:
        values = values.str.strip_chars().set(~values.str.contains(NUMBER_PATTERN), None)
        values = values.cast(pl.Float64, strict=False)
    if values.dtype.is_float():
        # Adding 0 turns -0.0 into 0.0; Float64 holds every amount below 10**10 to the thousandth.
        amounts = values.cast(pl.Float64)
        return (amounts.set(~(amounts.abs() < 1e10), None).round(MOST_DECIMALS) + 0.0).cast(NUMBER, strict=False)
    if values.dtype.is_integer() or values.dtype.is_decimal():
        return values.cast(NUMBER, strict=False)
    return _unreadable(values, NUMBER)


def _read_booleans(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values
    if values.dtype == pl.String or values.dtype.is_integer() or values.dtype.is_float():
        words = values.cast(pl.Int64, strict=False) if values.dtype.is_float() else values
        words = words.cast(pl.String).str.strip_chars().str.to_lowercase()
        known = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
        return words.replace_strict(known, default=None, return_dtype=pl.Boolean)
    return _unreadable(values, pl.Boolean())


def _read_instants(values: pl.Series) -> pl.Series:
    """Read dates (midnight) and times; those without a zone are UTC."""
    utc = pl.Datetime("us", "UTC")
    if values.dtype == pl.Date:
        instants = values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    elif isinstance(values.dtype, pl.Datetime):
        has_zone = values.dtype.time_zone is not None
        instants = values.cast(utc) if has_zone else values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    elif values.dtype == pl.String:
        instants = _parse_instants(values)
    else:
        return _unreadable(values, utc)
    return instants.set(~instants.dt.year().is_between(1900, 2199), None)


def _parse_instants(values: pl.Series) -> pl.Series:
    """Parse ISO 8601 in its usual variations: T or a blank, with or without seconds, fraction and zone."""
    text = values.str.strip_chars().str.replace(r"^(\d{4}-\d{2}-\d{2})[Tt ]", "${1} ")
    text = text.str.replace(r"\s*(Z|z|UTC)$", "+00:00")
    text = text.str.replace(r"^(.*:\d{2}(?:\.\d+)?)\s*([+-]\d{2}):?(\d{2})?$", "${1}${2}:${3}")
    frame = pl.DataFrame({"text": text.str.replace(r":$", ":00")})
    with_zone, no_zone = ("%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%d %H:%M%:z"), ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    tries = [pl.col("text").str.to_datetime(form, time_unit="us", strict=False) for form in with_zone]
    tries += [
        pl.col("text").str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for form in no_zone
    ]
    day = pl.col("text").str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return frame.select(pl.coalesce(*tries, day).alias("instant")).to_series()


def _read_text(values: pl.Series) -> pl.Series:
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        return _unreadable(values, pl.String())
    return values.cast(pl.String, strict=False)


def _unreadable(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    return pl.Series(values.name, [None] * len(values), dtype=dtype)
