"""Ranked frames to publish: what a ranker gives, made by hand so that tests know every number."""

from datetime import datetime

import polars as pl
from sqlalchemy import Engine

from serving.batch.batch_state import Batch, move_pointer, open_batch
from serving.batch.measures import Catalogue
from serving.batch.publish import audit_batch, fetch_written_buckets, write_bucket
from serving.batch.statistics import BatchFacts
from tests.support.tiny_shop import day

SCHEMA = {
    "user_id": pl.Int64,
    "rank": pl.Int64,
    "product_id": pl.Int64,
    "category_id": pl.Int64,
    "score": pl.Float32,
    "reason": pl.String,
}
CATEGORY_OF = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}
TINY_CATALOGUE = Catalogue(known_products=CATEGORY_OF, num_sellable=6)


def ranked(lists: dict[int, list[int]], scores: list[float] | None = None) -> pl.DataFrame:
    """The frame of the given lists: user to products, best first."""
    rows = [
        (user, rank, product, CATEGORY_OF.get(product, 1), scores[rank - 1] if scores else 1 / rank, "bought_before")
        for user, products in sorted(lists.items())
        for rank, product in enumerate(products, start=1)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def open_named(engine: Engine, as_of: datetime, version: str, alias: str | None) -> Batch:
    """Open a batch that is named by its instant and version alone."""
    return open_batch(engine, f"{as_of:%Y%m%dT%H%M%SZ}-v{version}", as_of, version, alias)


def publish(engine: Engine, version: str, lists: dict[int, list[int]], as_of_day: int = 25) -> Batch:
    """Open, write in two buckets, audit, point."""
    batch = open_named(engine, day(as_of_day), version, "champion")
    finish(engine, batch, lists)
    return batch


def finish(engine: Engine, batch: Batch, lists: dict[int, list[int]]) -> None:
    """What a run does after opening: the missing buckets, audit, point."""
    written = fetch_written_buckets(engine, batch)
    facts = BatchFacts()
    for bucket in (0, 1):
        if bucket not in written:
            mine = {user: products for user, products in lists.items() if user % 2 == bucket}
            written[bucket] = write_bucket(engine, batch, bucket, [ranked(mine)], full_length=3)
        facts.add(written[bucket])
    audit_batch(engine, batch, facts, TINY_CATALOGUE, expected_users=len(lists), previous=None)
    move_pointer(engine, batch)
