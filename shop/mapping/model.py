"""Mapping file: what a shop's tables mean, read from TOML; a wrong file names all its faults by section and column."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shop.mapping.canonical import CANONICAL_TABLES, LOOSE_REFERENCES, REQUIRED_TABLES, CanonicalTable, Kind, Scalar
from shop.mapping.files import FORMAT, LINE, FileTable, read_files
from shop.mapping.inheritance import MAPPINGS_FOLDER, extend_base, list_ready
from shop.mapping.not_wares import leave_out_not_wares
from shop.mapping.sections import Section
from shop.mapping.variables import fill_in, resolve_variables, used_variables

CANONICAL_FILE = MAPPINGS_FOLDER / "canonical.toml"
_COMMON = ("time_zone", "money", "ids")
_TOP_LEVEL = (*_COMMON, "variables", FORMAT, "files")


class MappingError(ValueError):
    """A mapping cannot be used; the message lists every fault with its section and column."""

    def __init__(self, place: str, faults: list[str]):
        super().__init__(f"the mapping {place} cannot be used: {'; '.join(faults)}")
        self.faults = faults


class ShopMapping(BaseModel):
    """What a shop's tables mean. A canonical table without a section has no rows.

    Attributes:
        sections: by canonical table.
        files: tables that the sections read, where they stand in files and not in a database.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sections: dict[str, Section]
    files: dict[str, FileTable] = {}

    def section(self, table: str) -> Section | None:
        """Return where a canonical table comes from, None if the shop has nothing of the kind."""
        return self.sections.get(table)

    @property
    def has_text_ids(self) -> bool:
        """Return whether the shop has ids of text."""
        return any(section.ids == "text" for section in self.sections.values())

    def find_text_ids(self, table: CanonicalTable) -> dict[str, str]:
        """Name the fields of a table that hold ids of text, each with the table whose ids they are."""
        owners = {table.key: table.name, **table.parents, **LOOSE_REFERENCES.get(table.name, {})}
        return {
            field: owner
            for field, owner in owners.items()
            if owner in self.sections and self.sections[owner].ids == "text"
        }

    def describe(self, table: CanonicalTable) -> CanonicalTable:
        """Describe a canonical table as it comes from the shop, before ids of text become numbers."""
        texts = self.find_text_ids(table)
        columns = tuple(replace(one, kind=Kind.ID) if one.name in texts else one for one in table.columns)
        return replace(table, columns=columns)

    def of(self, tables: Collection[str]) -> Self:
        """Return the part that speaks of some canonical tables."""
        return self.model_copy(
            update={"sections": {name: one for name, one in self.sections.items() if name in tables}}
        )


def load_mapping(path: str | Path | None = None) -> ShopMapping:
    """Read a mapping: a file, or a ready one by its name; the canonical one if none is given.

    Raises:
        MappingError: the file is missing, is no TOML, or says something that cannot be: all of it is named.
    """
    path = list_ready().get(str(path)) or Path(path or CANONICAL_FILE)
    try:
        return parse_mapping(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as err:
        raise MappingError(str(path), [f"it cannot be read ({err.strerror}): give a TOML file"]) from err
    except UnicodeDecodeError as err:
        raise MappingError(str(path), ["it is not UTF-8: save it as UTF-8"]) from err


def parse_mapping(text: str, place: str) -> ShopMapping:
    """Read the text of a mapping.

    Args:
        text: TOML.
        place: what a fault calls the file; a file that it extends stands in the same folder.

    Raises:
        MappingError: see `load_mapping`.
    """
    try:
        given = leave_out_not_wares(extend_base(tomllib.loads(text), Path(place).parent))
    except tomllib.TOMLDecodeError as err:
        raise MappingError(place, [f"it is no TOML: {err}"]) from err
    except ValueError as err:
        raise MappingError(place, [str(err)]) from err
    known = {table.name: table for table in CANONICAL_TABLES}
    common: dict[str, Any] = {name: given[name] for name in _COMMON if name in given}
    files, faults = read_files(given, common.get("time_zone", "UTC"))
    if "files" in given:
        common.pop("time_zone", None)  # the dates of files are brought to UTC as they are read
    faults += [
        f"[{name}] is none of {', '.join(known)}" for name in given if name not in known and name not in _TOP_LEVEL
    ]
    faults += [f"[{name}] is missing: every shop has it" for name in known if name in REQUIRED_TABLES - given.keys()]
    variables, wrong = resolve_variables(given.get("variables", {}))
    faults += wrong
    sections: dict[str, Section] = {}
    for name in known.keys() & given.keys():
        section, wrong = _read_section(known[name], given[name], common, variables)
        faults += wrong
        if section is not None:
            sections[name] = section
            faults += _find_file_faults(name, section, files) if "files" in given else []
    mapping = ShopMapping(sections=sections, files=files)
    for name, section in sections.items():
        faults += _find_value_faults(mapping.describe(known[name]), section)
    if mapping.has_text_ids and "files" in given:
        faults.append("ids: files have whole numbers, which text_id('products', sku) gives to ids of text")
    if faults:
        raise MappingError(place, sorted(faults))
    return mapping


def _find_file_faults(name: str, section: Section, files: Mapping[str, FileTable]) -> list[str]:
    """Hold the table that a section names against those of the files."""
    if section.table is None:
        return []
    if section.table not in files:
        return [f"[{name}] table {section.table} is none of [files]: {', '.join(files)}"]
    known = {*files[section.table].columns, LINE}
    return [
        f"[{name}] {field}: [files.{section.table}] has no column {', '.join(given.names)}"
        for field, given in section.columns.items()
        if not known.issuperset(given.names)
    ]


def _read_section(
    table: CanonicalTable, given: Any, common: Mapping[str, Any], variables: Mapping[str, str]
) -> tuple[Section | None, list[str]]:
    """Read one section, and find what is wrong with it."""
    if not isinstance(given, dict):
        return None, [f"[{table.name}] must be a section"]
    unknown = [name for name in used_variables(given) if name not in variables]
    faults = [f"[{table.name}] uses {{{name}}}, which [variables] does not have" for name in unknown]
    faults += _find_field_faults(table, given.get("columns"))
    try:
        section = Section(**{**common, **(given if unknown else fill_in(given, variables))})
    except ValidationError as err:
        return None, faults + [_describe(table.name, wrong) for wrong in err.errors()]
    return section, faults


def _find_field_faults(table: CanonicalTable, columns: Any) -> list[str]:
    if not isinstance(columns, dict):
        return []
    names = [field.name for field in table.columns]
    unknown = [f"[{table.name}] {name}: no such field, it has {', '.join(names)}" for name in columns.keys() - names]
    missing = [
        f"[{table.name}] {field.name}: is missing, and nothing can stand in for it"
        for field in table.columns
        if field.absence is None and field.name not in columns
    ]
    return unknown + missing


def _find_value_faults(table: CanonicalTable, section: Section) -> list[str]:
    """Hold values and units against the kind of each field."""
    faults = []
    for field in table.columns:
        column = section.columns.get(field.name)
        if column is None:
            continue
        place = f"[{table.name}] {field.name}"
        if field.name == table.key and (not column.names or column.values or column.blanks):
            faults.append(f"{place}: is the key, and must be a column as it is")
        if column.columns and field.kind is not Kind.ID:
            owner = {table.key: table.name, **table.parents}.get(field.name)
            remedy = f': write ids = "text" in [{owner}]' if owner else ", which this is not"
            faults.append(f"{place}: several columns make an id of text{remedy}")
        if column.money is not None and field.kind is not Kind.MONEY:
            faults.append(f"{place}: is no money, and has no unit")
        if column.time_zone is not None and field.kind is not Kind.INSTANT:
            faults.append(f"{place}: is no date, and has no time zone")
        if column.rounded and (field.kind is not Kind.INTEGER or field.name in (table.key, *table.parents)):
            faults.append(f"{place}: is no number of pieces, and is not rounded")
        stated = [column.value, column.otherwise, column.default, *column.blanks, *column.values.values()]
        faults += [
            f"{place}: {value!r} is no {field.kind.value}"
            for value in stated
            if value is not None and not _fits(value, field.kind)
        ]
    return faults


def _fits(value: Scalar, kind: Kind) -> bool:
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind in (Kind.INTEGER, Kind.MONEY):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) and (
        kind in (Kind.TEXT, Kind.ID) or bool(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value))
    )


def _describe(table: str, wrong: Any) -> str:
    place = [str(part) for part in wrong["loc"] if part not in ("str", "int", "bool")]
    if place[:1] == ["columns"] and len(place) > 1:
        place = place[1:]
    return f"[{table}] {'.'.join(place) + ': ' if place else ''}{wrong['msg'].removeprefix('Value error, ')}"
