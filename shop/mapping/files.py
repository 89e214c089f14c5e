"""Files of a mapping: the CSV files that stand as tables for its sections, their columns, and how they are written."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from shop.mapping.time_zones import TimeZone

_STRICT = ConfigDict(extra="forbid", frozen=True)
_NAME = r"^[a-z_][a-z0-9_]*$"
FORMAT = "format"
LINE = "line"
"""Column that every table of a file has beside its own: the line of the file that the row begins on."""

FileKind = Literal["text", "number", "integer", "instant"]


class FileColumn(BaseModel):
    """A column of a file, under a name for SQL.

    Attributes:
        header: what stands above it in the file.
        kind: how its values are read; text keeps every character.
        optional: files without it are read too, with nothing in it.
    """

    model_config = _STRICT

    header: Annotated[str, Field(min_length=1)]
    kind: FileKind = "text"
    optional: bool = False


def _name_header(given: Any) -> Any:
    return {"header": given} if isinstance(given, str) else given


class FileTable(BaseModel):
    """A kind of file: all files of the folder that fit a pattern are one table.

    Attributes:
        file: pattern of the files' names, such as `orders*.csv`.
        encoding: recognised if not given.
        separator: between values; recognised if not given.
        decimal: what stands before the decimals of a number.
        thousands: what may stand between the digits of a number; nothing if not given.
        dates: formats of dates (`%d.%m.%Y %H:%M`), the first that fits counts; ISO 8601 if none is given.
        time_zone: of dates that name none; the mapping's.
    """

    model_config = _STRICT

    file: Annotated[str, Field(pattern=r"^[^/\\]+$")]
    encoding: Literal["utf-8", "utf-16", "cp949", "latin-1"] | None = None
    separator: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    dates: tuple[str, ...] = ()
    time_zone: TimeZone = "UTC"
    columns: dict[Annotated[str, Field(pattern=_NAME)], Annotated[FileColumn, BeforeValidator(_name_header)]]

    @model_validator(mode="after")
    def _require_two_marks(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` cannot be the same")
        if LINE in self.columns:
            raise ValueError(f"`{LINE}` is what every file has: name the column otherwise")
        return self


def read_files(given: Mapping[str, Any], time_zone: str) -> tuple[dict[str, FileTable], list[str]]:
    """Read the parts of a mapping that say how files are written.

    Args:
        given: the mapping; `format` holds what all of its `files` have in common.
        time_zone: of dates that name none.

    Returns:
        The tables by name, and what is wrong, by section.
    """
    common, tables, faults = given.get(FORMAT, {}), given.get("files", {}), []
    if not isinstance(common, dict) or not isinstance(tables, dict):
        return {}, ["[format] and [files] must be sections"]
    found: dict[str, FileTable] = {}
    for name, table in tables.items():
        if not re.match(_NAME, name):
            faults.append(f"[files.{name}] must be small letters, digits and underscores")
            continue
        try:
            found[name] = FileTable(**{"time_zone": time_zone, **common, **table})
        except ValidationError as err:
            for wrong in err.errors():
                place = ".".join(map(str, wrong["loc"]))
                faults.append(f"[files.{name}] {place + ': ' if place else ''}{wrong['msg']}")
        except TypeError:
            faults.append(f"[files.{name}] must be a section")
    return found, faults
