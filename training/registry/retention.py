"""Retention of what versions were made from: their pins in the ML store, renewed while they are in use.

A version is in use while an alias names it, or while it is young enough to be promoted, or trained again to compare. A
refused one, an archived one (tag `archived`) and one that is gone from the registry need their inputs no more.
"""

import logging
from datetime import UTC, datetime, timedelta

from features.pins import list_pins, renew, unpin
from features.store import MLStore
from training.registry.client import CHAMPION, KnownVersion, Registry
from training.registry.eligibility import find_bar

ARCHIVED = "archived"
IN_USE_FOR = timedelta(days=90)
UNDER_WAY_FOR = timedelta(days=2)
"""So long an owner without a version may be a training that is still to register, or to be taken up again."""

logger = logging.getLogger(__name__)


def name_owner(model_name: str, fingerprint: str) -> str:
    """Name who pins: the model and the fingerprint of its run."""
    return f"{model_name}/{fingerprint}"


def release_pins(registry: Registry, store: MLStore, now: datetime | None = None) -> list[str]:
    """Renew the pins of a model's versions that are in use, and release those of all others.

    Args:
        registry: knows the versions.
        store: the ML store.
        now: the instant to decide at; the present one if it is None.

    Returns:
        The owners whose pins were released.

    Raises:
        RegistryError: MLflow could not be reached.
    """
    now = now or datetime.now(UTC)
    versions = {name_owner(registry.model_name, known.fingerprint): known for known in registry.list_versions()}
    released = []
    for owner, pinned_at in list_pins(store).select("owner", "pinned_at").iter_rows():
        if not owner.startswith(f"{registry.model_name}/"):
            continue
        known = versions.get(owner)
        if known is not None and known.aliases and not _is_out(known):
            renew(store, owner)
        elif _is_done_with(known, pinned_at, now):
            unpin(store, owner)
            released.append(owner)
    if released:
        logger.info("pins released owners=%s", ",".join(released))
    return released


def _is_done_with(known: KnownVersion | None, pinned_at: datetime, now: datetime) -> bool:
    if known is None:
        return pinned_at < now - UNDER_WAY_FOR
    return _is_out(known) or known.created_at < now - IN_USE_FOR


def _is_out(known: KnownVersion) -> bool:
    """Return whether a version is refused or archived, and does not serve all the same."""
    return (find_bar(known.tags) is not None or ARCHIVED in known.tags) and CHAMPION not in known.aliases
