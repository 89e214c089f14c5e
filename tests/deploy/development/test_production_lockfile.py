import re
from pathlib import Path

from deploy.development.lockfile import LOCK
from deploy.development.production_lockfile import EXTRA, EXTRA_LOCK

NAME = re.compile(r"^[A-Za-z0-9._-]+")


def names(path: Path) -> set[str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {NAME.match(line)[0].lower().replace("_", "-") for line in lines}


def test_what_the_images_add_is_locked_and_moves_nothing_of_the_full_lock() -> None:
    assert names(EXTRA) <= names(EXTRA_LOCK)
    assert not names(EXTRA_LOCK) & names(LOCK)
    assert all("==" in line for line in EXTRA_LOCK.read_text().splitlines() if not line.startswith("#"))
