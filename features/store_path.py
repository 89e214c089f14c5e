"""Paths at which an ML store cannot lie. Standard library only: set-up asks before the packages are there."""

import re
from pathlib import Path

UNUSABLE_IN_PATHS = re.compile(r"[\[\]^|\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""What deltalake cannot have in the path of a table, however it is encoded and by whatever link it is reached."""


def explain_unusable(uri: str) -> str | None:
    """Say what in a store's path deltalake cannot have, and what to do.

    Args:
        uri: a folder, or an object-store prefix, in which every character can be used.

    Returns:
        One line; `None` if the path can be used.
    """
    found = None if "://" in uri else UNUSABLE_IN_PATHS.search(str(Path(uri).absolute()))
    if found is None:
        return None
    return (
        f"The ML store cannot lie in {uri!r}: its tables cannot have {found.group()!r} in their path. "
        "Give another folder as ML_STORE_URI or VAR_DIR."
    )
