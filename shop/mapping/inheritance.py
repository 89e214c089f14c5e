"""Mapping files that extend another one: what they say of their own stands over what that one says."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAPPINGS_FOLDER = Path(__file__).parent / "ready"
_SOURCES = frozenset({"table", "select"})


def extend_base(given: Mapping[str, Any], folder: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Put a mapping over the one that its `extends` names, if it names one.

    A section with columns and a source (a `table` or a `select`) of its own replaces the one below it. Anything else is
    added to what is below, value by value; a source alone takes the place of the one below.

    Args:
        given: the mapping as TOML has it.
        folder: where a file stands that `extends` names.
        below: files that led here, which must not come again.

    Raises:
        ValueError: the named mapping is missing, is no TOML, or extends itself.
    """
    if "extends" not in given:
        return dict(given)
    path = _find_base(given["extends"], folder)
    if path in below:
        raise ValueError(f"`extends`: {path} extends itself")
    try:
        base = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as err:
        raise ValueError(f"`extends`: {path} cannot be read ({err.strerror})") from err
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ValueError(f"`extends`: {path} is no TOML: {err}") from err
    own = {name: value for name, value in given.items() if name != "extends"}
    return _merge(extend_base(base, path.parent, (*below, path)), own)


def list_ready() -> dict[str, Path]:
    """List the ready mappings by name."""
    return {path.stem: path for path in sorted(MAPPINGS_FOLDER.glob("*.toml"))}


def _find_base(name: Any, folder: Path) -> Path:
    ready = list_ready()
    if isinstance(name, str) and name in ready:
        return ready[name]
    if isinstance(name, str) and name.endswith(".toml"):
        return (folder / name).resolve()
    raise ValueError(f"`extends`: {name!r} is no TOML file, and none of {', '.join(ready)}")


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    has_source = not own.keys().isdisjoint(_SOURCES)
    if has_source and "columns" in own:
        return dict(own)
    merged = {name: value for name, value in base.items() if not has_source or name not in _SOURCES}
    for name, value in own.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
