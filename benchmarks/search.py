"""Benchmark of the search on the demo shop: `python -m benchmarks.search [--queries 300] [--database mysql]`.

Loads the demo into SQLite, MySQL or MariaDB and asks an API over it in this process, one request at a time, in turn:

- `search`: two words of a product's type, some with a letter missing, every fourth query in Korean;
- `suggestions`: the first letters of the same words, from one on;
- `LIKE`: `GET /products?query=` with the same words, which reads through all titles.

On SQLite it also says how long the index of all products takes to be made.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import cast

import numpy as np
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.application import create_app
from api.search.words import split_words
from benchmarks.parts.figures import Figure, report
from command import Command, Result
from settings import Settings
from shop.database import open_engine
from shop.load import STOREFRONT_FILE
from shop.loaders.demo.build import DEMO_FOLDER, build_demo_shop
from shop.loaders.writing import write_shop
from shop.migrate import PLATFORM, SHOP, migrate
from shop.migrations.search_index import FILL
from shop.storefront.config import parse_storefront
from shop.tables import Product
from tests.support.database_servers import KINDS, Kind, run_server

STOREFRONT = DEMO_FOLDER / STOREFRONT_FILE
SEED = 7
LONGEST_BEGINNING = 6
LEARNING_SECONDS = 120
AIM_MS = 50.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.search", __doc__, has_json=True)
    command.add_argument("--queries", type=int, default=300)
    command.add_argument("--database", choices=("sqlite", *KINDS), default="sqlite")
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder, make_databases(Path(folder), chosen.database) as urls:
        settings = Settings(
            _env_file=None,
            var_dir=Path(folder),
            shop_database_url=urls["shop"],
            platform_database_url=urls["platform"],
        )
        engine = load_demo(settings)
        if chosen.database == "sqlite":
            print(f"index of all products made in {time_index(engine):.2f} s")
        queries = draw_queries(engine, chosen.queries)
        with TestClient(create_app(settings)) as client:
            wait_for_words(client)
            figures = compare(client, queries)
        engine.dispose()
    return report(figures)


@contextmanager
def make_databases(folder: Path, kind: str) -> Iterator[dict[str, str]]:
    """Give the URLs of a shop's and a platform's database, which are empty, for the length of the block."""
    names = ("shop", "platform")
    if kind == "sqlite":
        yield {name: f"sqlite:///{folder / name}.db" for name in names}
    else:
        with run_server(cast(Kind, kind), "--innodb-buffer-pool-size=1G") as server:
            yield {name: server.create_database() for name in names}


def load_demo(settings: Settings) -> Engine:
    """Load the demo shop as `shop.load demo` does; gives the shop's database."""
    engine, platform = open_engine(settings.shop_database_url), open_engine(settings.platform_database_url)
    migrate(engine, SHOP)
    migrate(platform, PLATFORM)
    batches, document = build_demo_shop(None), STOREFRONT.read_text(encoding="utf-8")
    write_shop(engine, batches, replace=False, report=lambda _: None, storefront=document, platform=platform)
    platform.dispose()
    return engine


def time_index(engine: Engine) -> float:
    """Make the index of all products anew; gives the seconds."""
    with engine.begin() as connection:
        began = time.perf_counter()
        connection.exec_driver_sql(FILL)
        return time.perf_counter() - began


def draw_queries(engine: Engine, number: int) -> list[str]:
    """Draw what shoppers may search: two words of a type, with a letter missing, or a Korean word."""
    chance = np.random.default_rng(SEED)
    korean = list(parse_storefront(STOREFRONT.read_text(encoding="utf-8")).search.synonyms)
    with engine.connect() as connection:
        types = [kind for kind in connection.scalars(select(Product.product_type)) if kind]
    queries = []
    for place in range(number):
        words = [word for word in split_words(types[chance.integers(len(types))]) if len(word) > 2][:2]
        if place % 4 == 0:
            queries.append(korean[chance.integers(len(korean))])
        elif words:
            queries.append(" ".join(words) if place % 3 else " ".join([*words[:-1], words[-1][:2] + words[-1][3:]]))
    return queries


def wait_for_words(client: TestClient) -> None:
    """Wait until the API knows the shop's words.

    Raises:
        RuntimeError: it does not learn them.
    """
    deadline = time.monotonic() + LEARNING_SECONDS
    while not client.get("/catalogue/suggestions", params={"query": "milk"}).json()["suggestions"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the API has not learned the shop's words within {LEARNING_SECONDS} s")
        time.sleep(0.1)


def compare(client: TestClient, queries: list[str]) -> list[Figure]:
    """Ask each query in each way, in turn, print the table, and return the figures."""
    begun = (query[: 1 + place % LONGEST_BEGINNING] for place, query in enumerate(queries))
    seconds: dict[str, list[float]] = {"search": [], "suggestions": [], "LIKE": []}
    for query, beginning in zip(queries, begun, strict=True):
        seconds["search"].append(ask(client, "/catalogue/search", query))
        seconds["suggestions"].append(ask(client, "/catalogue/suggestions", beginning))
        seconds["LIKE"].append(ask(client, "/products", query))
    like = percentile(seconds["LIKE"], 95)
    print(f"{'way':<14}{'answers':>8}{'p50 ms':>9}{'p95 ms':>9}{'p95 of LIKE':>13}")
    for way, taken in seconds.items():
        p50, p95 = percentile(taken, 50), percentile(taken, 95)
        print(f"{way:<14}{len(taken):>8}{p50 * 1000:>9.1f}{p95 * 1000:>9.1f}{p95 / like:>13.0%}")
    slowest = percentile(seconds["search"], 95)
    return [
        Figure("search, p95", 1000 * slowest, "lower", "ms", AIM_MS),
        Figure("search, p95 of that of LIKE", slowest / like, "lower"),
        Figure("suggestions, p95 of that of LIKE", percentile(seconds["suggestions"], 95) / like, "lower"),
    ]


def ask(client: TestClient, path: str, query: str) -> float:
    """Ask once; gives the seconds.

    Raises:
        httpx.HTTPStatusError: the answer is an error.
    """
    began = time.perf_counter()
    client.get(path, params={"query": query}).raise_for_status()
    return time.perf_counter() - began


def percentile(seconds: list[float], share: int) -> float:
    """Return the time that so many per cent of the answers took at most."""
    return quantiles(seconds, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    sys.exit(main())
