"""Health check: degraded or ok, and why. The answer is cached for a moment, since it is asked often."""

import asyncio
import time
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from api.clients.model_server import ModelServerClient
from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.pages.fallback import FallbackCache
from api.queries.catalogue_copy import fetch_copied_at
from api.queries.champion import Lag, fetch_lag
from api.queries.published import BatchHead, fetch_head
from api.schemas import CatalogueState, Health, Problem
from api.web.load_shedding import LoadShedder
from api.web.metrics import Metrics
from shop.tables import Product

KEPT_SECONDS = 2.0
READY_TIMEOUT_SECONDS = 0.5
LATE_ROUNDS = 5
"""Rounds of the copy of the catalogue that may be missed before its age is a problem."""

STALE_SECONDS = 36 * 3600
"""A daily batch is at most a day old plus the time that it takes; half a day more is late."""

CHECK = "Answers come from the local fallback. Check that the database runs and what {} says."
RANKS_NOBODY = "Users without a published list get popular products. See `make status` and BentoML's log."
NOT_RENEWED = (
    "Pages are as usual; while the database is down they would come from the copy made before. See the API's log for "
    "the trace: most likely a published list cannot be read."
)
GOES_ON = (
    "The model server goes on ranking with the version that it holds, from its local copy; no shopper notices. It "
    "follows the alias again by itself once this is mended: see `make status`, MLflow's log and the version's page."
)
LISTS_FOLLOW = (
    "Scoring takes a minute or so, shoppers see the last good lists meanwhile. If it takes longer, see score_users in "
    "Airflow, or `python -m serving.watch`."
)
WRITE_AGAIN = (
    "The pages have their defaults. Correct the file and write it again: `python -m shop.storefront write FILE`."
)
COPY_AGAIN = (
    "Pages show products and prices as they were. See the log of `catalogue`, or run `python -m shop.catalogue`, which "
    "says what is wrong."
)
MORE_PROCESSES = (
    "Those who were turned away were told to ask again. Start more processes of the API (in containers "
    "`--scale api=3`), or see what is slow: api_request_seconds in GET /metrics, and the databases."
)
GIVE_BACK = "Shoppers keep their lists. Give the alias to a version: `make promote VERSION=n`."


class HealthCheck:
    """Asks the dependencies how they are."""

    def __init__(
        self,
        databases: Databases,
        model_server: ModelServerClient,
        fallback: FallbackCache,
        metrics: Metrics,
        shedder: LoadShedder,
        copy_seconds: float | None = None,
    ):
        """Take the dependencies.

        Args:
            databases: the shop's and the platform's.
            model_server: the model server.
            fallback: the local fallback.
            metrics: gauges that follow what was found.
            shedder: knows how many requests were turned away.
            copy_seconds: how often the catalogue is copied; `None` where pages read the shop itself.
        """
        self._databases = databases
        self._model_server = model_server
        self._fallback = fallback
        self._metrics = metrics
        self._shedder = shedder
        self._copy_seconds = copy_seconds
        self._kept: Health | None = None
        self._kept_until = 0.0
        self._lock = asyncio.Lock()

    async def check(self) -> Health:
        """Return the state, at most `KEPT_SECONDS` old."""
        async with self._lock:
            if self._kept is None or time.monotonic() > self._kept_until:
                self._kept = await self._ask()
                self._kept_until = time.monotonic() + KEPT_SECONDS
            return self._kept

    async def _ask(self) -> Health:
        (head, lag, problems), (catalogue, of_shop), trouble = await asyncio.gather(
            self._ask_platform(), self._ask_shop(), self._model_server.find_trouble(READY_TIMEOUT_SECONDS)
        )
        problems += of_shop
        if trouble:
            remedy = GOES_ON if trouble.is_serving else RANKS_NOBODY
            problems.append(Problem(part="model_server", problem=trouble.problem, remedy=remedy))
        if failure := self._fallback.failure:
            problem = f"the local fallback is not renewed: {failure}"
            problems.append(Problem(part="fallback", problem=problem, remedy=NOT_RENEWED))
        if failure := self._fallback.storefront_failure:
            problems.append(Problem(part="storefront", problem=f"its document is wrong: {failure}", remedy=WRITE_AGAIN))
        if num_refused := self._shedder.num_refused:
            problem = f"more ask than this process can answer in time: {num_refused} requests were turned away lately"
            problems.append(Problem(part="load", problem=problem, remedy=MORE_PROCESSES))
        age = head.age_seconds() if head else None
        if age is not None:
            self._metrics.batch_age.set(age)
        for name, breaker in {
            "shop_database": self._databases.shop.breaker,
            "platform_database": self._databases.platform.breaker,
            "model_server": self._model_server.breaker,
        }.items():
            self._metrics.is_open.labels(name).set(breaker.is_open)
        return Health(
            status="degraded" if problems else "ok",
            problems=problems,
            batch_id=head.batch_id if head else None,
            model_version=head.model_version if head else None,
            as_of=head.as_of if head else None,
            batch_age_seconds=age,
            champion_version=lag.champion if lag else head and head.model_version,
            catalogue=catalogue,
            lists_behind_seconds=lag.seconds() if lag else None,
        )

    async def _ask_shop(self) -> tuple[CatalogueState | None, list[Problem]]:
        """Look into the shop's database, or where pages read a copy of its catalogue, at that."""
        if self._copy_seconds is not None:
            return await self._ask_copy(self._copy_seconds)
        try:
            await self._databases.shop.read(_look_into_catalogue)
        except DatabaseUnavailableError as err:
            return None, [Problem(part="shop_database", problem=str(err), remedy=CHECK.format("SHOP_DATABASE_URL"))]
        return None, []

    async def _ask_copy(self, copy_seconds: float) -> tuple[CatalogueState | None, list[Problem]]:
        try:
            copied_at = await self._databases.shop.read(fetch_copied_at)
        except DatabaseUnavailableError as err:
            return None, [Problem(part="catalogue", problem=str(err), remedy=CHECK.format("PLATFORM_DATABASE_URL"))]
        if copied_at is None:
            problem = "it has not been copied yet"
            return CatalogueState(status="late", copied_at=None, age_seconds=None), [_about_copy(problem)]
        seconds = max(0.0, (datetime.now(UTC) - copied_at).total_seconds())
        is_late = seconds > LATE_ROUNDS * copy_seconds
        state = CatalogueState(status="late" if is_late else "healthy", copied_at=copied_at, age_seconds=int(seconds))
        return state, [_about_copy(f"it was last copied {seconds:.0f} s ago")] if is_late else []

    async def _ask_platform(self) -> tuple[BatchHead | None, Lag | None, list[Problem]]:
        try:
            head, lag = await self._databases.platform.read(_fetch_state)
        except DatabaseUnavailableError as err:
            remedy = CHECK.format("PLATFORM_DATABASE_URL")
            return None, None, [Problem(part="platform_database", problem=str(err), remedy=remedy)]
        if head is None:
            remedy = "Run the DAG score_users, or `python -m serving.score`."
            return None, None, [_about_lists("no batch has been published yet", remedy)]
        problems = []
        if lag:
            problems.append(_about_lists(lag.describe(head), LISTS_FOLLOW if lag.champion else GIVE_BACK))
        if head.age_seconds() > STALE_SECONDS:
            hours = head.age_seconds() // 3600
            remedy = "See the last runs of sync_shop, rebuild_features and score_users in Airflow."
            problems.append(_about_lists(f"the shown batch {head.batch_id} is {hours} hours old", remedy))
        return head, lag, problems


def _look_into_catalogue(connection: Connection) -> None:
    connection.execute(select(Product.product_id).limit(1)).all()


def _fetch_state(connection: Connection) -> tuple[BatchHead | None, Lag | None]:
    head = fetch_head(connection)
    return head, head and fetch_lag(connection, head)


def _about_copy(problem: str) -> Problem:
    return Problem(part="catalogue", problem=problem, remedy=COPY_AGAIN)


def _about_lists(problem: str, remedy: str) -> Problem:
    return Problem(part="recommendations", problem=problem, remedy=remedy)
