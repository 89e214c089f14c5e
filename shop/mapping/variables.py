"""Variables of a mapping: texts that stand by name in the SQL of its sections, such as a prefix."""

import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"\{(\w+)\}")
_SQL_PARTS = ("table", "select", "where", "left_out")


def resolve_variables(given: Any) -> tuple[dict[str, str], list[str]]:
    """Put variables into the variables that use them."""
    variables = {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    for _ in list(variables):
        variables = {name: _put_in(variables, value) for name, value in variables.items()}
    faults = [
        f"[variables] {name} uses {{{used}}}, which is not there, or uses it in turn"
        for name, value in variables.items()
        for used in _VARIABLE.findall(value)
    ]
    return variables, faults


def _put_in(variables: Mapping[str, str], text: str) -> str:
    return _VARIABLE.sub(lambda found: variables.get(found.group(1), found.group(0)), text)


def used_variables(given: Mapping[str, Any]) -> list[str]:
    """Name the variables that the parts of a section use which are SQL."""
    return sorted(set(_VARIABLE.findall(" ".join(_list_texts({name: given.get(name) for name in _SQL_PARTS})))))


def _list_texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [text for one in part.values() for text in _list_texts(one)]
    return [part] if isinstance(part, str) else []


def fill_in(given: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Put variables into the parts that are SQL."""

    def fill(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: fill(one) for name, one in part.items()}
        return _put_in(variables, part) if isinstance(part, str) else part

    return {name: fill(part) if name in _SQL_PARTS else part for name, part in given.items()}
