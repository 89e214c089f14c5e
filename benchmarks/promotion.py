"""Benchmark of a promotion on the running installation: `python -m benchmarks.promotion [--rate 20]`.

For each case it registers a version that nobody has scored, moves the alias `champion` to it as MLflow's UI does, and
takes the seconds until the model server ranks with it and the homepage shows its lists; then it moves the alias back.
Shoppers ask for homepages meanwhile. Leaves the alias where it was, and the versions registered: no benchmark for a
shop with real shoppers. Exit code 1 where an aim is missed; where nothing runs, it says so.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import mlflow.environment_variables
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.parts.homepage_load import Pages, shoppers
from command import Command, CommandError, Result, say
from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import lay_out_table
from serving.serving_status import read_served
from settings import Settings, load_settings
from shop.database import open_engine
from shop.tables import Recommendation
from tests.end_to_end.versions import connect, register, score_otherwise
from training.registry.client import CHAMPION

HEAD = (
    "beside",
    "model server",
    "homepage",
    "back: model server",
    "back: homepage",
    "pages",
    "failed",
    "mixed",
    "p99 ms",
)
AIM_SERVER, AIM_HOMEPAGE, AIM_BACK = 10.0, 60.0, 10.0
LIMIT_SECONDS = 600.0
SHOPPERS = 200
TAGS = {"verdict": "promote", "reason": "made by a benchmark."}
NO_SUCH_SNAPSHOT = "2001-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Timing:
    """Seconds from a moved alias until the model server ranks with the version, and the homepage shows its lists."""

    model_server: float
    homepage: float


class Promotions:
    """The alias and what follows it, on one installation.

    Args:
        settings: where the installation runs.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.airflow = AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, ensure_password(settings))
        self._client = connect(settings)
        self.first = int(self._client.get_model_version_by_alias(settings.model_name, CHAMPION).version)

    def register(self) -> int:
        """Register a sound version that has no lists yet."""
        return register(self.settings, score_otherwise, TAGS)

    def move(self, version: int) -> Timing:
        """Move the alias and wait until it has taken effect."""
        self._client.set_registered_model_alias(self.settings.model_name, CHAMPION, str(version))
        began, server = time.monotonic(), 0.0
        while True:
            served, passed = read_served(self.settings.serving_url, self.settings.api_url), time.monotonic() - began
            server = server or (passed if served.model_server == version else 0.0)
            if served.is_all(version):
                return Timing(server, passed)
            if passed > LIMIT_SECONDS:
                raise CommandError(f"not served {LIMIT_SECONDS:.0f} s after the move: {served}")
            time.sleep(0.2)

    def wait_for_task(self, dag_id: str, run_id: str, state: str) -> None:
        """Wait until the one task of a run is in a state."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while self.airflow.tasks(dag_id, run_id)[0]["state"] != state:
            if time.monotonic() > deadline:
                raise CommandError(f"{dag_id} {run_id} is not {state} after {LIMIT_SECONDS:.0f} s")
            time.sleep(1)

    @contextmanager
    def under_way(self, dag_id: str, as_of: str, state: str) -> Iterator[None]:
        """Start a run, wait until its task is in a state, and stop it after the block."""
        run_id = self.airflow.trigger(dag_id, {"as_of": as_of})
        try:
            self.wait_for_task(dag_id, run_id, state)
            yield
        finally:
            path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
            self.airflow._send("PATCH", path, json={"state": "failed"}).raise_for_status()


def beside_training(promotions: Promotions, within: ExitStack) -> None:
    """Train for the rest of the case."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    as_of = (midnight - timedelta(days=1)).isoformat()
    within.enter_context(promotions.under_way("train_wide_deep", as_of, "running"))


def beside_failed_scoring(promotions: Promotions, within: ExitStack) -> None:
    """Let a scoring fail and wait for its next try for the rest of the case."""
    within.enter_context(promotions.under_way("score_users", NO_SUCH_SNAPSHOT, "up_for_retry"))


CASES: dict[str, tuple[Callable[[Promotions, ExitStack], None], ...]] = {
    "nothing": (),
    "a training": (beside_training,),
    "a training and a failed scoring": (beside_training, beside_failed_scoring),
}


def measure(promotions: Promotions, users: list[int], rate: float, case: str) -> tuple[Timing, Timing, Pages]:
    """Promote and go back once."""
    version = promotions.register()
    with ExitStack() as within:
        for begin in CASES[case]:
            begin(promotions, within)
        with shoppers(promotions.settings.api_url, users, rate) as pages:
            there, back = promotions.move(version), promotions.move(promotions.first)
    return there, back, pages


def fetch_users(settings: Settings) -> list[int]:
    """Return some users who have lists."""
    engine = open_engine(settings.platform_database_url, read_only=True)
    with Session(engine) as session:
        users = list(session.scalars(select(Recommendation.user_id).distinct().limit(SHOPPERS)))
    engine.dispose()
    return users


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.promotion", __doc__)
    command.add_argument("--rate", type=float, default=20.0, help="homepages a second meanwhile")
    return command.run(_run, arguments)


def _run(options: argparse.Namespace) -> Result:
    settings = load_settings()
    mlflow.environment_variables.MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    if not Supervisor(settings.var_dir).is_running():
        return Result(f"skipped: nothing runs in {settings.var_dir}, `make up` first")
    promotions, users = Promotions(settings), fetch_users(settings)
    aims = ("(aim)", f"{AIM_SERVER:.0f} s", f"{AIM_HOMEPAGE:.0f} s", f"{AIM_BACK:.0f} s", f"{AIM_BACK:.0f} s", "")
    rows: list[tuple[str, ...]] = [(*aims, "0", "0", "")]
    is_met = True
    for case in CASES:
        say(f"beside {case} ...")
        there, back, pages = measure(promotions, users, options.rate, case)
        is_fast = there.model_server <= AIM_SERVER and there.homepage <= AIM_HOMEPAGE
        is_met &= is_fast and back.homepage <= AIM_BACK and not pages.failed and not pages.mixed
        times = (there.model_server, there.homepage, back.model_server, back.homepage)
        counts = (str(len(pages.seconds)), str(len(pages.failed)), str(pages.mixed))
        rows.append((case, *(f"{seconds:.1f} s" for seconds in times), *counts, f"{pages.percentile_ms(0.99):.0f}"))
    return Result(lay_out_table(HEAD, rows), code=0 if is_met else 1)


if __name__ == "__main__":
    sys.exit(main())
