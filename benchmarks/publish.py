"""Benchmark of publishing lists: `python -m benchmarks.publish [--users 1000000] [--database sqlite|mariadb|both]`.

Publishes lists of 100 products for so many users (measured, encoded, written in transactions, noted bucket by bucket,
audited, pointed at) and beside it loads the same bytes with the bare driver: `executemany` of ready tuples into the
same table, 5,000 rows a transaction. Both in one run, in turn, in a process of their own whose peak memory is reported.
The ranking itself is left out of both: every piece of 5,000 users holds the same lists.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from sqlalchemy import Engine, text

from benchmarks.parts.apart import measure_apart
from benchmarks.parts.databases import open_databases
from benchmarks.parts.figures import Figure, report
from benchmarks.parts.lists import LIST_LENGTH, rank_at_random
from benchmarks.parts.memory import read_peak
from command import Command, Result
from serving.batch.batch_state import move_pointer, open_batch
from serving.batch.lists import encode_lists
from serving.batch.measures import Catalogue
from serving.batch.publish import LISTS_PER_TRANSACTION, audit_batch, write_bucket
from serving.batch.statistics import BatchFacts
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.migrate import migrate

NUM_PRODUCTS = 3000
BUCKETS = 4
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)


def fill_shop(url: str) -> None:
    """Make a small shop: the lists need their products, not their users."""
    engine = open_engine(url)
    migrate(engine)
    shape = SyntheticShape(100, NUM_PRODUCTS, 1000)
    batches = build_synthetic_shop(shape, seed=7, end_date=date(2026, 1, 31))
    write_shop(engine, batches, replace=False, report=lambda _: None)
    engine.dispose()


def publish(engine: Engine, num_users: int) -> None:
    """Publish as `serving.score` does, but for the ranking."""
    batch = open_batch(engine, "first", AS_OF, "1", "champion")
    facts, pieces = BatchFacts(), make_pieces(num_users)
    catalogue = Catalogue(range(1, NUM_PRODUCTS + 1), NUM_PRODUCTS)
    for bucket in range(BUCKETS):
        share = _take(pieces, -(-num_users // BUCKETS))
        facts.add(write_bucket(engine, batch, bucket, share, LIST_LENGTH))
    audit_batch(engine, batch, facts, catalogue, expected_users=num_users, previous=None)
    move_pointer(engine, batch)


def load_bare(engine: Engine, num_users: int) -> float:
    """Load the same bytes with the driver alone; gives the seconds, the making of the bytes left out."""
    batch = open_batch(engine, "second", AS_OF, "2", None)
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO recommendations (batch_id, user_id, products) VALUES ({mark}, {mark}, {mark})"
    seconds = 0.0
    for piece in make_pieces(num_users):
        rows = encode_lists(piece, ["user_id"]).select(pl.lit(batch.batch_id), pl.all()).rows()
        began = time.perf_counter()
        connection = engine.raw_connection()
        cursor = connection.cursor()
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN")
        cursor.executemany(statement, rows)
        if engine.dialect.name == "sqlite":
            cursor.execute("COMMIT")
        connection.commit()
        connection.close()
        seconds += time.perf_counter() - began
    return seconds


def make_pieces(num_users: int) -> Iterator[pl.DataFrame]:
    """Yield the lists of 5,000 users again and again under other users' names, which costs next to nothing."""
    size = LISTS_PER_TRANSACTION
    piece = next(rank_at_random(size, np.arange(NUM_PRODUCTS) % 16 + 1, size))
    for start in range(0, num_users, size):
        rows = min(size, num_users - start) * LIST_LENGTH
        yield piece.head(rows).with_columns(pl.col("user_id") + start)


def _take(pieces: Iterator[pl.DataFrame], num_users: int) -> Iterator[pl.DataFrame]:
    """Hand on pieces until they hold so many users."""
    taken = 0
    while taken < num_users and (piece := next(pieces, None)) is not None:
        taken += piece.height // LIST_LENGTH
        yield piece


def measure(way: str, url: str, num_users: int) -> None:
    """Do one of the two and print seconds and peak memory: the child process."""
    engine = open_engine(url, read_timeout_seconds=600)
    began = time.perf_counter()
    seconds = load_bare(engine, num_users) if way == "bare" else _timed(lambda: publish(engine, num_users))
    with engine.begin() as connection:
        emptied = "DELETE FROM" if engine.dialect.name == "sqlite" else "TRUNCATE TABLE"
        connection.execute(text(f"{emptied} recommendations"))
    peak_mb = read_peak()
    print(json.dumps({"seconds": seconds, "wall": time.perf_counter() - began, "peak_mb": peak_mb}))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.publish", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=200_000)
    command.add_argument("--database", choices=["sqlite", "mariadb", "both"], default="both")
    command.add_argument("--child", nargs=2, metavar=("WAY", "URL"), help=argparse.SUPPRESS)
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    if chosen.child:
        way, url = chosen.child
        measure(way, url, chosen.users)
        return Result()
    return report(compare(["sqlite", "mariadb"] if chosen.database == "both" else [chosen.database], chosen.users))


def compare(databases: list[str], num_users: int) -> list[Figure]:
    """Run both ways on each database, print the table, and return the figures."""
    figures = []
    print(f"{'database':<10}{'way':<10}{'users':>10}{'seconds':>10}{'users/s':>10}{'peak MB':>9}")
    for database in databases:
        with open_databases(database) as (url, _platform_url):
            fill_shop(url)
            rates = {}
            for way in ("bare", "publish"):
                found = measure_apart("publish", "--users", str(num_users), "--child", way, url)
                rates[way] = num_users / found["seconds"]
                row = f"{found['seconds']:>10.1f}{rates[way]:>10,.0f}{found['peak_mb']:>9.0f}"
                print(f"{database:<10}{way:<10}{num_users:>10,}{row}", flush=True)
            print(f"{database}: publishing reaches {rates['publish'] / rates['bare']:.0%} of the bare load")
            figures += [
                Figure(f"{database}: of the bare load", rates["publish"] / rates["bare"], "higher"),
                Figure(f"{database}: peak memory", found["peak_mb"], "lower", "MB"),
            ]
    return figures


if __name__ == "__main__":
    sys.exit(main())
