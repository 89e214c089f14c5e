"""The release of this code, and what it says of an installation that a newer one has written."""

import re
from pathlib import Path

RELEASE = "0.1.0"
"""As pyproject.toml says; `make docs` writes it."""


class NewerReleaseError(SystemExit):
    """A newer release has written an installation: a command ends in one line, with code 1."""

    exit_code = 1


def is_newer(release: str) -> bool:
    """Return whether a release is newer than this one, by its numbers: 0.10.1 is newer than 0.9."""
    return _number(release) > _number(RELEASE)


def require_known_release(var_dir: Path, kept: dict[str, object]) -> None:
    """Leave an installation alone whose data this release may not understand.

    Args:
        var_dir: the installation.
        kept: what `make up` kept there.

    Raises:
        NewerReleaseError: a newer release has written it.
    """
    release = str(kept.get("release", RELEASE))
    if is_newer(release):
        raise NewerReleaseError(
            f"Release {release} has written the installation in {var_dir}, and this is release {RELEASE}: run that one "
            "or a newer one, or restore a backup of before into another VAR_DIR. Nothing was changed."
        )


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"(?:^|\.)(\d+)", release))
