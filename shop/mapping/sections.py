"""Section of a mapping: the shop's table or SELECT behind a canonical table, and where each field comes from."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shop.mapping.canonical import UPDATED_AT, Scalar
from shop.mapping.time_zones import TimeZone

_SELECT, _QUOTED = re.compile(r"(?i)(select|with)\b"), re.compile(r"'(?:[^'\\]|\\.)*'")
_READ_TABLE = re.compile(r"(?i)\b(?:from|join)\s+([\w.`]+)")
MoneyUnit = Literal["decimals", "rounded", "cents"]
"""Exact decimals, numbers with any decimals (rounded to thousandths at least), or whole hundredths."""

_STRICT = ConfigDict(extra="forbid", frozen=True)
_ColumnName = Annotated[str, Field(min_length=1)]


class ColumnMapping(BaseModel):
    """Where a field comes from: a column of the source, several that are one id of text, or one value for all rows.

    Attributes:
        column: name of the column in the source.
        columns: of an id of text, in their order.
        value: what every row has, in place of a column.
        values: what the column's values mean; keys are compared as text, byte by byte.
        otherwise: what values mean that `values` does not have; without it their rows are set aside.
        blanks: values that stand for none, as NULL does: the user 0 of a guest's order.
        default: what NULL means.
        money: unit of an amount; that of the section if not given.
        rounded: a number with decimals becomes a whole one, and is never 0 if something was there: a weight in pieces.
        time_zone: of a date without a zone; that of the section if not given.
    """

    model_config = _STRICT

    column: _ColumnName | None = None
    columns: Annotated[tuple[_ColumnName, ...], Field(min_length=2)] | None = None
    value: Scalar | None = None
    values: dict[str, Scalar] = {}
    otherwise: Scalar | None = None
    blanks: tuple[Scalar, ...] = ()
    default: Scalar | None = None
    money: MoneyUnit | None = None
    rounded: bool = False
    time_zone: TimeZone | None = None

    @model_validator(mode="after")
    def _require_one_source(self) -> Self:
        if [self.column, self.columns, self.value].count(None) != 2:
            raise ValueError("give a column, several as a list, or one value for all rows")
        if self.otherwise is not None and not self.values:
            raise ValueError("`otherwise` goes with `values`")
        if (self.blanks or self.values) and self.columns:
            raise ValueError("several columns make an id, without `blanks` or `values`")
        if self.blanks and (self.values or self.column is None):
            raise ValueError("`blanks` goes with a column, and without `values`")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns that it is read from."""
        return self.columns or ((self.column,) if self.column is not None else ())


def _name_column(given: Any) -> Any:
    if isinstance(given, list):
        return {"columns": given}
    return {"column": given} if isinstance(given, str) else given


NamedColumn = Annotated[ColumnMapping, BeforeValidator(_name_column)]
"""A column by its name alone, several as a list, or with what else is to be said of it."""


class Section(BaseModel):
    """One canonical table: the shop's table or SELECT that it comes from, which rows count, and its columns.

    Attributes:
        where: which rows there are; the others are not spoken of.
        left_out: conditions, by what the check calls their rows: these are left out too, and counted.
        ids: what the table's keys are. Text stands for whatever has another number in the platform: SKUs, UUIDs,
            several columns, whole numbers beyond 63 bits.
    """

    model_config = _STRICT

    table: Annotated[str, Field(pattern=r"^[^`\"\s;]+$")] | None = None
    select: Annotated[str, AfterValidator(str.strip), Field(min_length=1)] | None = None
    where: str | None = None
    left_out: dict[str, str] = {}
    time_zone: TimeZone = "UTC"
    money: MoneyUnit = "decimals"
    ids: Literal["numbers", "text"] = "numbers"
    columns: dict[str, NamedColumn] = Field(min_length=1)

    @model_validator(mode="after")
    def _require_one_source(self) -> Self:
        if (self.table is None) == (self.select is None):
            raise ValueError("give a table, or a select")
        if self.select and (not _SELECT.match(self.select) or ";" in _QUOTED.sub("", self.select)):
            raise ValueError("`select` must be one SELECT statement, without a semicolon")
        return self

    @property
    def tables(self) -> list[str]:
        """List the shop's tables that the section reads, as far as a SELECT's FROM and JOIN name them."""
        if self.table is not None:
            return [self.table]
        return [name.replace("`", "") for name in _READ_TABLE.findall(self.select or "")]

    @property
    def has_changes(self) -> bool:
        """Return whether a column tells when a row last changed."""
        return UPDATED_AT in self.columns
