"""Benchmark of one night of a large shop: `python -m benchmarks.night [--users 50000 200000]`.

Makes a synthetic shop of so many users with about 50 order lines each, and runs each step of a night as the workflows
do, as processes of their own with the committed settings: the sync of a day's change, the rebuild of features, the
training of a version on MLflow, and the scoring of all users with the publishing of their lists into MySQL. Rebuild and
scoring are shared by two tasks. The store is written as a first sync would have read it; the sync of a day's change is
measured on a MySQL shop of its own, which has no more users than `--synced-users`.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from benchmarks.parts.databases import OF_A_LARGE_SHOP
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.process_costs import ProcessCosts, run_side_by_side
from benchmarks.parts.synthetic_store import LAST_DAY, SEED, write_synthetic_store
from command import Command, Result, say
from features.store import MLStore
from settings import Settings
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.migrate import migrate
from shop.split import migrate_both
from tests.support.database_servers import DatabaseServer, run_server
from tests.support.mlflow_servers import mlflow_running
from tests.support.ports import free_settings

NUM_PRODUCTS = 20_000
ORDERS_A_USER = 12.6
"""Of about four products each, in a year: 50 order lines."""

AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
TASKS = 2
PATIENCE_SECONDS = 1800
"""For MLflow's start, on a machine that has much else to do."""

AIM_MINUTES, AIM_PEAK_GB, AIM_GROWTH = 60.0, 8.0, 1.1

ONE_DAY = """
INSERT INTO orders (order_id, user_id, ordered_at, status, total_amount)
    SELECT order_id + {orders}, user_id, ordered_at, status, total_amount FROM orders
    WHERE ordered_at >= '{day}' AND ordered_at < '{day}' + INTERVAL 1 DAY;
INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, discount_amount)
    SELECT order_item_id + {items}, order_id + {orders}, product_id, quantity, unit_price, discount_amount
    FROM order_items WHERE order_id + {orders} IN (SELECT order_id FROM orders);
UPDATE products SET price = price + 1 WHERE product_id MOD 100 = 7
"""
"""The orders of the last day once more, and other prices for one product in a hundred."""


@dataclass(frozen=True)
class Night:
    """Where the steps of one shop's nights run.

    Attributes:
        folder: of the installation. settings: of it.
        server: holds its databases.
        num_users: of the shop. niceness: of the steps, 19 = whatever else the machine has to do comes first.
    """

    folder: Path
    settings: Settings
    server: DatabaseServer
    num_users: int
    niceness: int

    def step(self, *argument_lists: Sequence[str], shop_url: str = "", store: str = "store") -> ProcessCosts:
        """Run a step, one process for each list of arguments of `python -m`."""
        values = {
            "VAR_DIR": str(self.settings.var_dir),
            "ML_STORE_URI": str(self.folder / store),
            "MLFLOW_PORT": str(self.settings.mlflow_port),
            "SHOP_DATABASE_URL": shop_url or self.settings.shop_database_url,
            "PLATFORM_DATABASE_URL": self.settings.platform_database_url,
        }
        python = ["nice", "-n", str(self.niceness), sys.executable]
        commands = [[*python, "-m", *arguments, "--json"] for arguments in argument_lists]
        return run_side_by_side(commands, {**os.environ, **values}, self.folder / "log")

    def sync_a_day(self, most_users: int) -> ProcessCosts:
        """Sync a day's change of a shop in MySQL that has at most so many users."""
        url, num_users = self.server.create_database(), min(self.num_users, most_users)
        engine = open_engine(url, read_timeout_seconds=3600)
        migrate(engine)
        written = write_shop(
            engine,
            build_synthetic_shop(_shape(num_users), SEED, LAST_DAY),
            replace=False,
            report=lambda _: None,
        )
        self.step(["features.sync"], shop_url=url, store="synced")
        numbers = {"orders": written["orders"], "items": written["order_items"], "day": LAST_DAY}
        with engine.begin() as connection:
            for statement in ONE_DAY.format(**numbers).split(";"):
                connection.execute(text(statement))
        engine.dispose()
        costs = self.step(["features.sync"], shop_url=url, store="synced")
        self.server.drop_database(url)
        return costs

    def run(self, most_synced: int) -> Iterator[tuple[str, ProcessCosts]]:
        """Run the steps one after the other, as the workflows call them."""
        instant, parts = ("--as-of", AS_OF.isoformat()), [f"{part}/{TASKS}" for part in range(1, TASKS + 1)]
        yield "sync", self.sync_a_day(most_synced)
        yield "plan", self.step(["features.rebuild", *instant, "--plan"])
        yield "buckets", self.step(*(["features.rebuild", *instant, "--buckets", part] for part in parts))
        yield "finish", self.step(["features.rebuild", *instant])
        yield "training", self.step(["training.run", *instant])
        yield "scoring", self.step(*(["serving.score", *instant, "--buckets", part] for part in parts))
        yield "publishing", self.step(["serving.score", *instant])


def _shape(num_users: int) -> SyntheticShape:
    return SyntheticShape(num_users, NUM_PRODUCTS, round(num_users * ORDERS_A_USER))


@contextmanager
def open_night(num_users: int, niceness: int, folder: Path) -> Iterator[Night]:
    """Make an installation with a shop of so many users; a store that the folder has already is taken."""
    with ExitStack() as stack:
        server = stack.enter_context(run_server("mysql", *OF_A_LARGE_SHOP["mysql"]))
        url = server.create_database()
        engine = open_engine(url)
        migrate_both(engine, engine)
        engine.dispose()
        databases = {"shop_database_url": url, "platform_database_url": url}
        settings = free_settings(folder / "var").model_copy(update=databases)
        store = MLStore(str(folder / "store"))
        if not store.exists("order_items"):
            write_synthetic_store(store, _shape(num_users))
        stack.enter_context(mlflow_running(settings, seconds=PATIENCE_SECONDS))
        yield Night(folder, settings, server, num_users, niceness)


def measure(num_users: int, folder: Path, options: argparse.Namespace) -> dict[str, ProcessCosts]:
    """Run one night, printing a row a step."""
    found = {}
    with open_night(num_users, options.nice, folder) as night:
        for name, costs in night.run(options.synced_users):
            found[name] = costs
            per_user = f"{costs.cpu_seconds / num_users * 1000:.3f}"
            memory = f"{costs.peak_gb:.2f} | {costs.largest_gb:.2f}"
            row = f"{costs.num_processes} | {costs.seconds:.1f} | {costs.cpu_seconds:.1f} | {per_user} | {memory}"
            say(f"| {num_users:,} | {name} | {row} |")
            if name == "training":
                _tell_verdict(costs)
    return found


def _tell_verdict(costs: ProcessCosts) -> None:
    """Say what the gate thinks: of a version that it refuses there is no scoring."""
    told = json.loads(costs.outputs[0].splitlines()[-1])
    say(f"version {told['version']}: {told['verdict']}. {told['reason']}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.night", __doc__, has_json=True)
    command.add_argument("--users", type=int, nargs="+", default=[50_000, 200_000])
    command.add_argument("--synced-users", type=int, default=50_000, help="most users of the shop that is synced")
    command.add_argument("--nice", type=int, default=0, help="by how much the steps give way to other work")
    command.add_argument("--folder", type=Path, help="keep installations here, by their number of users")
    return command.run(_measure, arguments, (RuntimeError,))


def _measure(options: argparse.Namespace) -> Result:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it ends what it started
    say("| users | step | processes | seconds | of CPU | CPU ms a user | GB together | GB of the largest |")
    say("|---|---|---|---|---|---|---|---|")
    nights = {}
    with tempfile.TemporaryDirectory() as name:
        for num_users in options.users:
            folder = (options.folder or Path(name)) / str(num_users)
            folder.mkdir(parents=True, exist_ok=True)
            nights[num_users] = measure(num_users, folder, options)
    return report(_to_figures(nights))


def _to_figures(nights: dict[int, dict[str, ProcessCosts]]) -> list[Figure]:
    small, large = min(nights), max(nights)
    minutes = sum(each.seconds for each in nights[large].values()) / 60
    figures = [
        Figure(f"one night of {large:,} users", minutes, "lower", "min", aim=AIM_MINUTES),
        Figure(f"peak memory, {large:,} users", _find_peak(nights[large]), "lower", "GB", aim=AIM_PEAK_GB),
    ]
    if small == large:
        return figures
    size = f"{large:,} users, of that of {small:,}"
    costs = {num_users: sum(each.cpu_seconds for each in night.values()) for num_users, night in nights.items()}
    return [
        *figures,
        Figure(f"peak memory, {size}", _find_peak(nights[large]) / _find_peak(nights[small]), "lower", aim=AIM_GROWTH),
        Figure(f"CPU a user, {size}", costs[large] / costs[small] * small / large, "lower", aim=AIM_GROWTH),
    ]


def _find_peak(night: dict[str, ProcessCosts]) -> float:
    return max(each.peak_gb for each in night.values())


if __name__ == "__main__":
    sys.exit(main())
