"""Benchmark of hop 1, speed and memory: `python -m benchmarks.sync [--items 1000000 5000000]`.

Starts a MariaDB server of its own, fills a shop, and measures in one run, on the same rows: the same columns drained by
the `mariadb` command line client, `pandas.read_sql`, the first load (a fresh process, Delta write included), and
increments: 10,000 newest rows (the same number at every size of the table), 1% where shops change (newest rows), and 1%
scattered over all files. The later ones also look at the rows of the earlier ones, which lie within the look-back. Peak
memory is the process's own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, make_url, text

from benchmarks.parts.figures import Figure, report
from command import Command, Result
from features.sync.source.columns import SYNCED_TABLES
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from tests.support.database_servers import run_server

PANDAS_ROWS = 500_000
DRAIN, PANDAS = "mariadb client to /dev/null", "pandas.read_sql"
FIRST_LOAD, INCREMENT = "first load into Delta", "increment of 10,000 newest rows"
SERVER_OPTIONS = ("--innodb-buffer-pool-size=4G", "--innodb-doublewrite=0", "--innodb-log-file-size=1G")

FILL = """
INSERT INTO categories (category_id, name) VALUES (1, 'All');
INSERT INTO users (user_id, nickname) SELECT seq, CONCAT('user ', seq) FROM seq_1_to_10000;
INSERT INTO products (product_id, category_id, title, price)
    SELECT seq, 1, CONCAT('product ', seq), 1 + seq MOD 100 FROM seq_1_to_20000;
INSERT INTO orders (order_id, user_id, ordered_at, total_amount, created_at, updated_at)
    SELECT seq, 1 + seq MOD 10000, '2024-01-01' + INTERVAL seq SECOND, 10,
           '2024-01-01' + INTERVAL seq SECOND, '2024-01-01' + INTERVAL seq SECOND FROM seq_1_to_{orders};
INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, created_at, updated_at)
    SELECT seq, 1 + seq DIV 10, 1 + (seq * 7919) MOD 20000, 1 + seq MOD 3, (seq MOD 9973) / 100,
           '2024-01-01' + INTERVAL seq DIV 10 SECOND, '2024-01-01' + INTERVAL seq DIV 10 SECOND FROM seq_1_to_{items};
ANALYZE TABLE order_items
"""

NEWEST_CHANGE = """
UPDATE order_items SET quantity = quantity + 1 WHERE order_item_id > {items} - {half};
INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price)
    SELECT {items} + seq, 1 + seq MOD {orders}, 1 + seq MOD 20000, 1, 1 FROM seq_1_to_{half}
"""
SCATTERED_CHANGE = "UPDATE order_items SET quantity = quantity + 1 WHERE order_item_id MOD 100 = 7"
SAME_CHANGE = "UPDATE order_items SET quantity = quantity + 1 ORDER BY order_item_id DESC LIMIT {rows}"
SAME_ROWS = 10_000


@dataclass(frozen=True)
class Measure:
    """One way of reading so many rows."""

    name: str
    num_rows: int
    seconds: float
    peak_mb: float | None = None

    def to_line(self, drain: float) -> str:
        """Write the measure as a line of the table, its rate also relative to the drain's."""
        rate = self.num_rows / self.seconds
        memory = "" if self.peak_mb is None else f"{self.peak_mb:,.0f} MB"
        return f"{self.name:<34}{self.num_rows:>12,}{self.seconds:>9.1f}{rate:>13,.0f}{rate / drain:>9.2f}{memory:>12}"


def measure(items: int, url: str, folder: Path, repeats: int) -> list[Measure]:
    """Fill a shop with so many order items and measure every way of reading it."""
    engine = open_engine(url, read_timeout_seconds=3600)
    migrate(engine)
    migrate(engine, PLATFORM)
    fill(engine, items)
    num_rows = items + items // 10 + 10_000 + 20_000 + 1 + 1
    measures = best_of(
        repeats,
        lambda: drain(url, num_rows),
        lambda: read_with_pandas(engine, min(items, PANDAS_ROWS)),
        lambda: first_load(url, folder, num_rows),
    )
    half = items // 200
    numbers = {"items": items, "half": half, "orders": items // 10}
    run_statements(engine, SAME_CHANGE.format(rows=SAME_ROWS))
    measures.append(sync(INCREMENT, url, folder, SAME_ROWS))
    run_statements(engine, NEWEST_CHANGE.format(**numbers))
    measures.append(sync("increment of 1%, newest rows", url, folder, 2 * half))
    run_statements(engine, SCATTERED_CHANGE)
    measures.append(sync("increment of 1%, scattered rows", url, folder, items // 100))
    engine.dispose()
    return measures


def best_of(repeats: int, *ways: Callable[[], Measure]) -> list[Measure]:
    """Take turns, so that a busy moment of the machine does not hit one way alone, and keep the best turn of each."""
    turns = [[way() for way in ways] for _ in range(repeats)]
    return [min(of_one_way, key=lambda one: one.seconds) for of_one_way in zip(*turns, strict=True)]


def first_load(url: str, folder: Path, num_rows: int) -> Measure:
    """Load into a store that does not exist yet."""
    shutil.rmtree(folder, ignore_errors=True)
    return sync(FIRST_LOAD, url, folder, num_rows)


def fill(engine: Engine, items: int) -> None:
    """Write the rows in the order of their keys, without the indexes that the sync does not read."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0, unique_checks = 0")
        for column, target in (("order_id", "orders"), ("product_id", "products")):
            connection.exec_driver_sql(f"ALTER TABLE order_items DROP FOREIGN KEY fk_order_items_{column}_{target}")
            connection.exec_driver_sql(f"ALTER TABLE order_items DROP INDEX ix_order_items_{column}")
    run_statements(engine, FILL.format(items=items, orders=items // 10 + 1))


def run_statements(engine: Engine, script: str) -> None:
    """Run a script's statements, each in its own transaction."""
    for statement in filter(None, (part.strip() for part in script.split(";"))):
        with engine.begin() as connection:
            connection.execute(text(statement))


def drain(url: str, num_rows: int) -> Measure:
    """Let the command line client read the same columns of all tables and throw them away."""
    parsed = make_url(url)
    selects = [
        f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}" for table in SYNCED_TABLES
    ]
    command = [
        "mariadb",
        "--no-defaults",
        "--quick",
        "-N",
        "-h",
        str(parsed.host),
        "-P",
        str(parsed.port),
        "-u",
        str(parsed.username),
    ]
    start = time.perf_counter()
    subprocess.run(
        [*command, f"-p{parsed.password}", str(parsed.database), "-e", "; ".join(selects)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return Measure(DRAIN, num_rows, time.perf_counter() - start)


def read_with_pandas(engine: Engine, num_rows: int) -> Measure:
    """Read order items into a data frame; a slice, since its speed is the same and its memory is not."""
    start = time.perf_counter()
    rows = pd.read_sql(f"SELECT * FROM order_items WHERE order_item_id <= {num_rows}", engine)
    return Measure(PANDAS, len(rows), time.perf_counter() - start)


def sync(name: str, url: str, folder: Path, num_rows: int) -> Measure:
    """Run the sync as its own process, take the time that it says it took, and watch the peak of its memory."""
    environment = {**os.environ, "SHOP_DATABASE_URL": url, "ML_STORE_URI": str(folder), "VAR_DIR": str(folder.parent)}
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", "features.sync", "--json"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, read_peak_mb(process.pid))
            time.sleep(0.02)
        log.seek(0)
        last_line = log.read().strip().splitlines()[-1]
    if process.returncode != 0:
        raise RuntimeError(f"the sync failed: {last_line}")
    return Measure(name, num_rows, json.loads(last_line)["seconds"], peak_mb)


def read_peak_mb(pid: int) -> float:
    """Read the largest resident size that the process has had; 0 when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.sync", __doc__, has_json=True)
    command.add_argument("--items", type=int, nargs="+", default=[1_000_000], help="order items in the shop")
    command.add_argument("--repeats", type=int, default=1, help="turns of each way of reading; the best one counts")
    return command.run(_measure_all, arguments)


def _measure_all(chosen: argparse.Namespace) -> Result:
    figures: list[Figure] = []
    for items in chosen.items:
        folder = Path(tempfile.mkdtemp(prefix="bench-sync-"))
        try:
            with run_server("mariadb", *SERVER_OPTIONS) as server:
                measures = measure(items, server.create_database(), folder / "store", chosen.repeats)
        finally:
            shutil.rmtree(folder)
        drain_rate = measures[0].num_rows / measures[0].seconds
        print(f"\n{items:,} order items\n{'':<34}{'rows':>12}{'seconds':>9}{'rows/s':>13}{'of drain':>9}{'memory':>12}")
        for one in measures:
            print(one.to_line(drain_rate))
        figures += _to_figures(f"{items:,} items", {one.name: one for one in measures})
    return report(figures)


def _to_figures(size: str, measures: dict[str, Measure]) -> list[Figure]:
    rates = {name: one.num_rows / one.seconds for name, one in measures.items()}
    load, newest = measures[FIRST_LOAD], measures[INCREMENT]
    return [
        Figure(f"{size}: first load, of the drain", rates[FIRST_LOAD] / rates[DRAIN], "higher"),
        Figure(f"{size}: first load, times pandas", rates[FIRST_LOAD] / rates[PANDAS], "higher"),
        Figure(f"{size}: 10,000 newest rows", newest.seconds, "lower", "s"),
        Figure(f"{size}: peak memory", load.peak_mb or 0.0, "lower", "MB"),
    ]


if __name__ == "__main__":
    sys.exit(main())
