"""Loader of the champion: downloads a version, verifies it and checks it against the snapshot's features.

Nothing of a version's folder is executed. A version that fails any check is never served; what serves stays.
"""

import json
import logging
import os
import socket
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from features.snapshot.mapped import MappedSnapshot, MappedSnapshots
from shop.tables import name_model
from training.ranking.ranker import Ranker
from training.registry.client import NamedVersion, Registry
from training.registry.copies import fetch_copy, refetch_copy
from training.registry.eligibility import find_bar
from training.version.files import ArtefactError

LAST_GOOD = "last_good.json"

logger = logging.getLogger(__name__)


class Identity(NamedTuple):
    """The run of a version, and the contents of a snapshot, beside the number and the instant that name them."""

    version: int
    run_id: str
    as_of: datetime
    snapshot_id: str


@dataclass(frozen=True)
class Champion:
    """What one answer or one batch reads once: version, ranker and snapshot belong together.

    Attributes:
        version: the version in MLflow; every answer names it.
        ranker: the version's artefacts, loaded and checked.
        snapshot: features that the ranker was checked against.
    """

    version: int
    ranker: Ranker
    snapshot: MappedSnapshot

    @property
    def as_of(self) -> datetime:
        """The instant of the features."""
        return self.snapshot.as_of

    @property
    def identity(self) -> Identity:
        """What it is made of, apart from numbers and instants that can come again."""
        return Identity(*self.named, self.as_of, self.snapshot.snapshot_id)

    @cached_property
    def model(self) -> str:
        """The version's name in the ids of its batches."""
        return name_model(self.version, self.ranker.content_hash)

    @property
    def named(self) -> NamedVersion:
        """The version as an alias names it."""
        return NamedVersion(self.version, self.ranker.folder.name)


class BarredVersionError(Exception):
    """The gate refused the version and nobody overrode it; it must not serve."""


def require_permission(registry: Registry, version: int) -> dict[str, str]:
    """Make sure that a version may serve.

    Returns:
        Its tags.

    Raises:
        BarredVersionError: it may not; the message says why, and how to let it serve anyway.
        training.registry.errors.RegistryError: MLflow does not answer.
    """
    tags = registry.tags(version)
    if bar := find_bar(tags):
        raise BarredVersionError(f"version {version} does not serve: {bar}.")
    return tags


def load_ranker(registry: Registry, models_dir: Path, version: int) -> Ranker:
    """Get a version and check it.

    Args:
        registry: where versions live.
        models_dir: folder of local copies, one per run.
        version: number of the version.

    Raises:
        training.version.files.ArtefactError: a file is missing, altered or unexpected, or the golden rows differ.
        training.registry.errors.RegistryError: MLflow does not answer.
    """
    ranker = Ranker.load(_fetch_version(registry, models_dir, version))
    ranker.check_golden()
    return ranker


def _fetch_version(registry: Registry, models_dir: Path, version: int) -> Path:
    """Get a version's folder; a local copy that was damaged is fetched anew, once."""
    try:
        return fetch_copy(registry, version, models_dir)
    except ArtefactError as err:
        if not (models_dir / registry.run_id_of(version)).is_dir():
            raise
        logger.warning("local copy of version %s is damaged and fetched anew: %s", version, err)
        return refetch_copy(registry, version, models_dir)


def load_champion(
    registry: Registry,
    snapshots: MappedSnapshots,
    models_dir: Path,
    version: int,
    as_of: datetime | None = None,
) -> Champion:
    """Make a version ready on a snapshot.

    Args:
        registry: where versions live.
        snapshots: where snapshots are mapped from.
        models_dir: folder of local copies of versions.
        version: number of the version.
        as_of: instant of the snapshot; the newest one if it is None.

    Raises:
        training.version.files.ArtefactError: the version breaks a promise, or was trained on other features.
        training.registry.errors.RegistryError: MLflow does not answer.
        features.store_failures.StoreError: there is no such snapshot, or it cannot be mapped.
    """
    ranker = load_ranker(registry, models_dir, version)
    snapshot = snapshots.open(as_of)
    ranker.check_snapshot(snapshot)
    return Champion(version, ranker, snapshot)


def remember_last_good(models_dir: Path, named: NamedVersion) -> None:
    """Note the version that serves, for a start while MLflow is down. The file is replaced as a whole."""
    note = models_dir / LAST_GOOD
    part = note.with_name(f"{LAST_GOOD}.{socket.gethostname()}.{os.getpid()}.part")  # replicas share the folder
    part.write_text(json.dumps({"version": named.number, "run_id": named.run_id}), encoding="utf-8")
    part.replace(note)


def recall_last_good(models_dir: Path) -> NamedVersion | None:
    """Return the version that served last on this machine; `None` if none ever did.

    Of a note of earlier code, which names no run, the number's link says which it was.
    """
    note = models_dir / LAST_GOOD
    if not note.exists():
        return None
    found = json.loads(note.read_text(encoding="utf-8"))
    number = int(found["version"])
    return NamedVersion(number, found.get("run_id") or (models_dir / str(number)).resolve().name)


def load_last_good(snapshots: MappedSnapshots, models_dir: Path, named: NamedVersion, as_of: datetime) -> Champion:
    """Make the version ready that served last, from its local copy: MLflow is not asked.

    Args:
        snapshots: where snapshots are mapped from.
        models_dir: folder of local copies of versions.
        named: as `recall_last_good` returns it.
        as_of: instant of the snapshot.

    Raises:
        training.version.files.ArtefactError: the copy is gone or damaged, or the version reads other features.
        features.store_failures.StoreError: there is no such snapshot, or it cannot be mapped.
    """
    ranker = Ranker.load(models_dir / named.run_id)
    ranker.check_golden()
    snapshot = snapshots.open(as_of)
    ranker.check_snapshot(snapshot)
    return Champion(named.number, ranker, snapshot)
