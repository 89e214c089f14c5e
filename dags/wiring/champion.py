"""Deferrable steps of watch_champion: wait until the alias moves, and until the version that it names is served."""

from typing import Any

from dags.wiring.assets import CHAMPION
from dags.wiring.events import read_latest
from dags.wiring.waiting import WaitingStep

LOOK_SECONDS = 540
SERVED_SECONDS = 1800
"""Scoring a large shop takes its time; a version that is refused is noticed within half a minute."""
SPARE_SECONDS = 60
LATEST_EVENTS = 100


class Look(WaitingStep):
    """Waits for the alias to move away from the version that was announced last, and announces where it went.

    A version that might not serve when it was announced is announced again as soon as it may: nothing was scored.
    """

    def __init__(self, **task: Any):
        limit = LOOK_SECONDS + SPARE_SECONDS
        super().__init__(module="serving.watch", timeout_seconds=limit, inlets=[CHAMPION], outlets=[CHAMPION], **task)

    def arguments(self, context: Any) -> list[str]:
        """Name the version that was announced last. An event that somebody made by hand may name none."""
        latest = read_latest(context, CHAMPION, LATEST_EVENTS)
        named = [event.extra for event in latest if str(event.extra.get("version", "")).isdecimal()]
        announced = ["--announced", str(named[0]["version"])] if named else []
        run = [f"--announced-run={named[0]['run_id']}"] if named and named[0].get("run_id") else []
        barred = ["--announced-barred"] if named and named[0].get("barred") else []
        return ["--await-move", str(LOOK_SECONDS), *announced, *run, *barred, "--json"]

    def resume(self, context: Any, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Announce the version that the alias names now."""
        state = super().resume(context, event)
        told = {"version": state["champion"], "run_id": state["run_id"], "barred": state["barred"]}
        context["outlet_events"][CHAMPION].extra = told
        return state


class ReadBack(WaitingStep):
    """Waits until model server and homepage serve what the alias says."""

    def __init__(self, **task: Any):
        super().__init__(module="serving.watch", timeout_seconds=SERVED_SECONDS + SPARE_SECONDS, **task)

    def arguments(self, _context: Any) -> list[str]:
        """Give scoring the time that it takes."""
        return ["--await-served", str(SERVED_SECONDS), "--json"]
