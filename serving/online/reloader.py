"""Hop 6, hot reload: each worker follows the alias, loads a new version beside the old, checks, warms up, swaps.

Whatever goes wrong, what serves stays: the reason is kept for readiness and metrics, and written onto the version when
it is the version's fault.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from features.snapshot.tables import find_newest
from features.store_failures import StoreError
from serving.batch.batch_state import PublicationError
from serving.champion import (
    BarredVersionError,
    Champion,
    Identity,
    load_champion,
    load_last_good,
    recall_last_good,
    remember_last_good,
    require_permission,
)
from serving.online.snapshot_check import SnapshotCheck
from serving.online.sources import Sources
from shop.failures import describe
from training.registry.alias import describe_no_champion
from training.registry.client import CHAMPION, NamedVersion
from training.registry.eligibility import LOAD_FAILED
from training.registry.errors import RegistryError
from training.registry.installation import read_installation
from training.version.files import ArtefactError, identify

WARM_UP_USERS = 8
SLOW_SECONDS = 2.0
"""MLflow answers a look within milliseconds; with the pause between looks, a silent one is said within 10 s."""
FIRST_LOOK_SECONDS = 8.0
"""A first look at a healthy MLflow takes less, download included; a dead one must not hold up a start."""

logger = logging.getLogger(__name__)


class ChampionWatcher:
    """Keeps `current` on what the alias says. A request reads `current` once: version, ranker and snapshot in one."""

    def __init__(self, sources: Sources, poll_seconds: float, load: Callable[..., Champion] = load_champion):
        """Load nothing yet.

        Args:
            sources: registry, store, local copies.
            poll_seconds: pause between two looks at the alias.
            load: makes a champion of registry, store, folder, version and instant.
        """
        self._sources = sources
        self._poll_seconds = poll_seconds
        self._load = load
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._has_looked = threading.Event()
        self._asking_since: float | None = None
        self._refused: Identity | None = None
        self._shown: NamedVersion | None = None
        self._noted_served: NamedVersion | None = None
        self._previous: Champion | None = None
        self._check = SnapshotCheck(sources.snapshots, self.look_now)
        self.current: Champion | None = None
        self.refused_version: int | None = None
        self.failure: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why what serves is not what the alias says, or why that is not known: MLflow may be silent right now."""
        since = self._asking_since
        silent_seconds = 0.0 if since is None else time.monotonic() - since
        return f"MLflow has not answered for {silent_seconds:.0f} s" if silent_seconds > SLOW_SECONDS else self.failure

    def start(self) -> None:
        """Begin to look, in a thread; if that brings nothing within a moment, serve what served last."""
        threading.Thread(target=self._watch, name="champion-watcher", daemon=True).start()
        self._has_looked.wait(FIRST_LOOK_SECONDS)
        if self.current is None:
            self._serve_last_good()

    def stop(self) -> None:
        """End the thread after the look that it may be in."""
        self._stop.set()
        self._wake.set()

    def look_now(self) -> None:
        """Cut the pause between two looks short."""
        self._wake.set()

    def look(self) -> None:
        """Compare what serves with the alias and the newest snapshot, and swap if they differ and all checks pass."""
        registry = self._sources.registry
        self._asking_since = time.monotonic()
        try:
            registry.require_own(read_installation(self._sources.var_dir))  # another MLflow may take the port
            seen_at = datetime.now(UTC)
            named = registry.resolve_version(CHAMPION)
            if named is None:
                self._note_no_champion(seen_at)
                return
            snapshot = find_newest(self._sources.store)
        except (RegistryError, StoreError) as err:
            self._note(str(err))
            return
        finally:
            self._asking_since = None
        self._follow_move(named, seen_at)
        if snapshot is None:
            self._note("there is no snapshot yet")
            return
        wanted = Identity(*named, *snapshot)
        if self.current and wanted == self.current.identity and not self._check.has_refused(self.current.snapshot):
            self.failure = self._refused = self.refused_version = None
        elif wanted != self._refused:
            self._swap(wanted)
            self._follow_move(named, seen_at)
        if self.current and self.current.named == named:
            self._follow_swap(named)

    def _note_no_champion(self, seen_at: datetime) -> None:
        """Say so, and write down a loss; at the first start there was nothing to lose."""
        try:
            lost = self._sources.followup.find_lost()
            if lost is not None:
                self._sources.followup.see(None, seen_at)
        except (RegistryError, SQLAlchemyError) as err:
            logger.warning("loss of the alias not followed up reason=%s", type(err).__name__)
            lost = self.current.version if self.current else None
        self._note(describe_no_champion(self._sources.registry.model_name, lost))

    def _swap(self, wanted: Identity) -> None:
        """Make the new champion ready beside the old one, then let it serve."""
        version = wanted.version
        try:
            tags = require_permission(self._sources.registry, version)
            champion = self._recall(wanted) or self._load_version(version, wanted.as_of)
            self._warm_up(champion)
        except BarredVersionError as err:  # asked again at the next look: an override may come
            self.refused_version = version
            self._note(str(err))
        except ArtefactError as err:
            self._refused, self.refused_version = wanted, version
            self._note(f"version {version} is refused: {err}")
            self._write_tag(version, str(err))
        except (RegistryError, StoreError) as err:
            self._note(str(err))
        else:
            self._serve(champion)
            if LOAD_FAILED in tags:
                self._write_tag(version, None)

    def _follow_move(self, named: NamedVersion, seen_at: datetime) -> None:
        """Note the move and show lists that are kept of the version: a rollback need not wait until it is loaded."""
        version, files = named.number, self._sources.models_dir / named.run_id

        def follow() -> None:
            self._sources.followup.see(named, seen_at)
            if not files.is_dir():  # it never served here, so no lists of it are kept
                return
            has_moved = named != self._shown
            tags = require_permission(self._sources.registry, version) if has_moved else {}
            if LOAD_FAILED not in tags:
                self._sources.followup.show_kept_lists(version, identify(files), has_moved)
                self._shown = named

        self._try("move", version, follow)

    def _follow_swap(self, named: NamedVersion) -> None:
        """Note that the version serves."""

        def follow() -> None:
            if self._noted_served != named:
                self._sources.followup.note_served(named)
                self._noted_served = named

        self._try("swap", named.number, follow)

    def _try(self, what: str, version: int, follow: Callable[[], None]) -> None:
        """Follow something up; what fails is tried again at the next look."""
        try:
            follow()
        except BarredVersionError:
            return  # said by the swap
        except (RegistryError, PublicationError) as err:
            logger.warning("%s not followed up version=%s reason=%s", what, version, err)
        except SQLAlchemyError as err:
            logger.warning("%s not followed up version=%s reason=%s", what, version, describe(err))

    def _load_version(self, version: int, as_of: datetime) -> Champion:
        sources = self._sources
        return self._load(sources.registry, sources.snapshots, sources.models_dir, version, as_of)

    def _warm_up(self, champion: Champion) -> Champion:
        """Rank once, so that the first shopper does not pay for it.

        Raises:
            ArtefactError: the version's files made a library fail, whatever the error.
        """
        try:
            champion.ranker.rank(champion.snapshot, champion.snapshot.arrays.user_ids[:WARM_UP_USERS], 10)
        except Exception as err:
            raise ArtefactError(f"ranking the first users fails with {type(err).__name__}: {err}") from err
        return champion

    def _recall(self, wanted: Identity) -> Champion | None:
        """Take the version that served before from memory, on the newest snapshot; `None` for any other."""
        kept = self._previous
        if kept is None or kept.named != (wanted.version, wanted.run_id):
            return None
        snapshot = self._sources.snapshots.open(wanted.as_of)
        kept.ranker.check_snapshot(snapshot)
        return Champion(kept.version, kept.ranker, snapshot)

    def _serve(self, champion: Champion) -> None:
        previous = self.current.version if self.current else None
        if self.current and self.current.named != champion.named:
            self._previous = self.current  # going back to it loads nothing
        self.current = champion
        self._check.begin(champion.snapshot)
        self.failure = self._refused = self.refused_version = None
        remember_last_good(self._sources.models_dir, champion.named)
        logger.info("champion swapped from=%s to=%s as_of=%s", previous, champion.version, champion.as_of.isoformat())

    def _serve_last_good(self) -> None:
        """Start from the local copy of what served last; the failure stays noted until the alias can be read."""
        sources, named = self._sources, recall_last_good(self._sources.models_dir)
        snapshot = find_newest(sources.store) if named is not None else None
        if named is None or snapshot is None:
            return
        try:
            last_good = self._warm_up(load_last_good(sources.snapshots, sources.models_dir, named, snapshot.as_of))
        except (ArtefactError, StoreError) as err:
            self._note(f"the last good version {named.number} does not load either: {err}")
        else:
            self.current = self.current or last_good
            self._check.begin(self.current.snapshot)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as err:
                logger.exception("champion watcher failed")
                self._note(f"{type(err).__name__} while looking at the alias")
            self._has_looked.set()
            self._wake.wait(self._poll_seconds)
            if not self._stop.is_set():
                self._wake.clear()

    def _write_tag(self, version: int, reason: str | None) -> None:
        """Say on the version's page why it does not load; None takes it back."""
        try:
            if reason is None:
                self._sources.registry.untag(version, LOAD_FAILED)
            else:
                self._sources.registry.tag(version, LOAD_FAILED, reason)
        except RegistryError as err:
            logger.warning("version not tagged version=%s reason=%s", version, err)

    def _note(self, failure: str) -> None:
        if failure != self.failure:
            logger.warning("champion stays version=%s reason=%s", self.current and self.current.version, failure)
        self.failure = failure
