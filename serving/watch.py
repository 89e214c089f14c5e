"""Compare the alias `champion` with what is served. Changes nothing.

    python -m serving.watch                                  now
    python -m serving.watch --await-move 540 --announced 4   until the alias moves away from version 4
                             ... --announced-barred          or until that version, which may not serve, may
    python -m serving.watch --await-served 1800              until what the alias says is served

Exit codes: 0 served as the alias says, or moved; 1 MLflow did not answer, or another installation's did; 2 something
else is served; 3 nothing moved.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from command import Command, CommandError, Result
from serving.serving_status import Served, read_served
from settings import Settings, load_settings
from training.registry.client import CHAMPION, NamedVersion, Registry, connect
from training.registry.eligibility import find_bar
from training.registry.errors import ForeignRegistryError, RegistryError
from training.registry.installation import Installation, read_installation

POLL_SECONDS = 2.0
SETTLE_SECONDS = 10.0
"""A model server that refuses says so within a look or two; before, it may speak of the version before."""
LOST_SECONDS = 10.0
"""An alias that is set anew may be nowhere for a moment."""
UNANSWERED, DIFFERENT, NOTHING_MOVED = 1, 2, 3


@dataclass(frozen=True)
class Outcome:
    """How a look ended: exit code, what to say, and the version that the alias names."""

    code: int
    words: str
    champion: NamedVersion | None


class Watch:
    """Looks at the alias and at what is served.

    Args:
        registry: where the alias lives.
        installation: that this is; the MLflow of another one is refused at each look.
        look_around: asks the model server and the API.
    """

    def __init__(self, registry: Registry, installation: Installation, look_around: Callable[[], Served]):
        self._registry = registry
        self._installation = installation
        self._look_around = look_around

    def compare(self) -> Outcome:
        """Compare once."""
        champion = self._resolve()
        return self._describe_no_champion(None) if champion is None else _compare(champion, self._look_around())

    def await_move(self, announced: NamedVersion | None, seconds: float, *, was_barred: bool = False) -> Outcome:
        """Wait until the alias names another version, or another run's of that number, than the one announced last.

        Where nothing moves, but lists of another version are shown at the end, the announced one is announced again:
        its scoring failed.

        Args:
            announced: the version announced last; `None` for none.
            seconds: to wait at most.
            was_barred: whether that version might not serve when it was announced, so that nothing was scored: it is
                announced again as soon as it may.
        """
        deadline, lost_since = time.monotonic() + seconds, None
        while True:
            champion, news = self._look_patiently(announced, was_barred, deadline)
            if news:
                return Outcome(0, news, champion)
            now = time.monotonic()
            lost_since = (lost_since or now) if champion is None and announced is not None else None
            if now >= deadline or (lost_since is not None and now - lost_since > LOST_SECONDS):
                return self._end_of_watch(champion, announced)
            time.sleep(POLL_SECONDS)

    def await_served(self, seconds: float) -> Outcome:
        """Wait until everything served is of the version that the alias names now; ends early where that is refused."""
        wanted = self._resolve()
        if wanted is None:
            return self._describe_no_champion(None)
        started = time.monotonic()
        while True:
            champion = self._resolve()
            if champion != wanted:
                return Outcome(NOTHING_MOVED, f"the alias moved on to version {champion and champion.number}", champion)
            served = self._look_around()
            passed = time.monotonic() - started
            is_refused = served.refused == wanted.number and passed > SETTLE_SECONDS
            if served.is_all(*wanted) or is_refused or passed > seconds:
                return _compare(wanted, served)
            time.sleep(POLL_SECONDS)

    def _resolve(self) -> NamedVersion | None:
        self._registry.require_own(self._installation)
        return self._registry.resolve_version(CHAMPION)

    def is_barred(self, named: NamedVersion) -> bool:
        """Return whether a version may not serve: the gate refused it, and nobody overrode that."""
        return find_bar(self._registry.find_tags(named.number) or {}) is not None

    def _look_patiently(
        self, announced: NamedVersion | None, was_barred: bool, deadline: float
    ) -> tuple[NamedVersion | None, str]:
        """Ask for the alias and what is new of it; while MLflow does not answer, nothing is until the time is over."""
        try:
            champion = self._resolve()
            return champion, self._find_news(champion, announced, was_barred)
        except ForeignRegistryError:
            raise
        except RegistryError:
            if time.monotonic() >= deadline:
                raise
            return announced, ""

    def _find_news(self, champion: NamedVersion | None, announced: NamedVersion | None, was_barred: bool) -> str:
        if champion is None:
            return ""
        if not _is_announced(champion, announced):
            return f"the alias moved to version {champion.number}"
        has_leave = was_barred and not self.is_barred(champion)
        return f"version {champion.number}, which the gate refused, may serve now" if has_leave else ""

    def _describe_no_champion(self, announced: NamedVersion | None) -> Outcome:
        """Tell a lost alias from none yet: the version announced last carried it, or the one that still ranks."""
        carrier = self._look_around().model_server if announced is None else announced.number
        return NOBODY if carrier is None else _describe_loss(carrier)

    def _end_of_watch(self, champion: NamedVersion | None, announced: NamedVersion | None) -> Outcome:
        if champion is None:
            return self._describe_no_champion(announced)
        served = self._look_around()
        if served.lists is not None and not served.shows_lists_of(champion.number):
            return Outcome(0, f"once more: {served.describe(*champion)}", champion)
        outcome = _compare(champion, served)
        return outcome if outcome.code else Outcome(NOTHING_MOVED, outcome.words, champion)


NOBODY = Outcome(NOTHING_MOVED, "no version is champion yet", None)


def _describe_loss(carrier: int) -> Outcome:
    words = (
        f"the alias {CHAMPION!r} is gone, version {carrier} carried it: give it back, `make promote "
        f"VERSION={carrier}`, or to another version; what serves goes on"
    )
    return Outcome(DIFFERENT, words, None)


def _is_announced(champion: NamedVersion, announced: NamedVersion | None) -> bool:
    """Return whether a version is the one announced last: of an event that named no run, the number alone counts."""
    if announced is None:
        return False
    return champion.number == announced.number and announced.run_id in ("", champion.run_id)


def _compare(champion: NamedVersion, served: Served) -> Outcome:
    return Outcome(0 if served.is_all(*champion) else DIFFERENT, served.describe(*champion), champion)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code; see the module's docstring.
    """
    command = Command("serving.watch", __doc__, has_json=True)
    wait = command.add_mutually_exclusive_group()
    wait.add_argument("--await-move", type=float, metavar="SECONDS", help="wait for the alias to move")
    wait.add_argument("--await-served", type=float, metavar="SECONDS", help="wait for the alias to take effect")
    command.add_argument("--announced", type=int, help="version that was announced last, for --await-move")
    command.add_argument(
        "--announced-run", default="", help="its run, since a number may come again for another version"
    )
    command.add_argument(
        "--announced-barred", action="store_true", help="it might not serve then: wait until it may, too"
    )
    return command.run(_watch, arguments, {RegistryError: UNANSWERED})


def _watch(options: argparse.Namespace) -> Result:
    watch = _make_watch(load_settings())
    if options.await_move is not None:
        announced = options.announced and NamedVersion(options.announced, options.announced_run)
        outcome = watch.await_move(announced, options.await_move, was_barred=options.announced_barred)
    elif options.await_served is not None:
        sys.stderr.write("waiting until model server and homepage serve what the alias says\n")
        outcome = watch.await_served(options.await_served)
    else:
        outcome = watch.compare()
    if outcome.code:
        raise CommandError(outcome.words, outcome.code)
    named = outcome.champion
    report = {
        "champion": named and named.number,
        "run_id": named and named.run_id,
        "barred": named is not None and watch.is_barred(named),
        "words": outcome.words,
    }
    return Result(outcome.words, report)


def _make_watch(settings: Settings) -> Watch:
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    installation = read_installation(settings.var_dir)
    return Watch(registry, installation, lambda: read_served(settings.serving_url, settings.api_url))


if __name__ == "__main__":
    sys.exit(main())
