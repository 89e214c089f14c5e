"""Hop 5, batch scoring: ranks products for every user, bucket by bucket in bounded memory, and publishes the batch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Engine

from features.snapshot.buckets import BucketChoice
from features.snapshot.tables import Snapshot, count_users
from features.store import MLStore
from serving.batch.batch_state import (
    AliasMovedError,
    Batch,
    PublicationError,
    fetch_pointed_batch,
    join_batch,
    move_pointer,
    name_batch,
    open_batch,
)
from serving.batch.lists import encode_lists
from serving.batch.measures import Catalogue
from serving.batch.popular import rank_neighbours, rank_popular
from serving.batch.publish import (
    audit_batch,
    fetch_written_buckets,
    list_written_buckets,
    write_bucket,
    write_lists,
)
from serving.batch.retire import retire_old_batches
from serving.batch.shelf_statistics import write_shelf_statistics
from serving.batch.similar import rank_alike
from serving.batch.statistics import FIRST_SLOTS, BatchFacts
from shop.tables import HOME, name_model
from training.ranking.ranker import Ranker

LIST_LENGTH = 100
LEAST_NEW = 40
"""Products of a list that its user never bought, below the best `LIST_LENGTH` if need be: these are mostly earlier
purchases, and a page that offers more than those has to be told what."""

USERS_PER_PIECE = 2000
ANY_BUCKET = 0
"""Read for what all buckets share: products, complements, and the hash of the features."""

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Publication:
    """What a run of the batch did.

    Attributes:
        batch_id: the batch that shoppers see now.
        model_version: the version that scored it.
        as_of: instant of its features.
        num_users: users with a list.
        num_rows: entries of all lists.
        was_written: false when a complete batch of the same version and instant was shown again.
        previous: the batch that shoppers saw before.
        retired: old batches whose lists were deleted.
        seconds: wall-clock time.
    """

    batch_id: str
    model_version: str
    as_of: datetime
    num_users: int
    num_rows: int
    was_written: bool
    previous: str | None
    retired: list[str]
    seconds: float


@dataclass(frozen=True)
class WrittenBuckets:
    """What a worker did that writes some of the buckets; see `Publication`.

    Attributes:
        buckets: those that were asked for.
        num_written: how many of them this worker wrote; the others were written already.
    """

    batch_id: str
    model_version: str
    as_of: datetime
    buckets: str
    num_written: int
    num_users: int
    seconds: float


@dataclass(frozen=True)
class Scoring:
    """What scores: one version on one snapshot, where its lists go, and whether anybody still waits for them."""

    version: int
    ranker: Ranker
    store: MLStore
    as_of: datetime
    snapshot_id: str
    engine: Engine
    is_wanted: Callable[[], bool] = field(default=lambda: True)

    @property
    def batch_id(self) -> str:
        """Name of the batch, which follows from what it is made of: workers who know of no other agree on it."""
        return name_batch(self.as_of, name_model(self.version, self.ranker.content_hash), self.snapshot_id)

    def open_snapshot(self, bucket: int) -> Snapshot:
        """Read one bucket of the snapshot, and what all buckets share.

        Raises:
            serving.batch.batch_state.PublicationError: it was rebuilt from other rows meanwhile.
        """
        snapshot = Snapshot.open(self.store, self.as_of, bucket=bucket)
        if snapshot.snapshot_id != self.snapshot_id:
            raise PublicationError(
                f"the snapshot as of {self.as_of.isoformat()} was rebuilt from other rows while it was scored; the "
                "last lists stay. Run `python -m serving.score` again."
            )
        return snapshot


def write_buckets(scoring: Scoring, alias: str | None, choice: BucketChoice, tell: Tell) -> WrittenBuckets:
    """Rank for the users of some buckets and write their lists; nothing is shown. Several workers may do so at once.

    Args:
        scoring: the version, its snapshot and the platform's database.
        alias: the alias that named the version, for the record.
        choice: the buckets; those that are written already are not written again.
        tell: called with a line of progress now and then.

    Raises:
        features.snapshot.buckets.NoSuchBucketError: a bucket is named that the snapshot has not.
        serving.batch.batch_state.PublicationError: another run ended the batch, or the snapshot is another by now.
    """
    started = time.perf_counter()
    shared = scoring.open_snapshot(ANY_BUCKET)
    chosen = choice.select(shared.num_buckets)
    batch = join_batch(scoring.engine, scoring.batch_id, scoring.as_of, str(scoring.version), alias)
    written = {} if batch.is_complete else _write_missing(scoring, batch, shared, chosen, tell)
    return WrittenBuckets(
        batch_id=batch.batch_id,
        model_version=batch.model_version,
        as_of=batch.as_of,
        buckets=choice.text,
        num_written=len(written),
        num_users=sum(facts.num_users for facts in written.values()),
        seconds=round(time.perf_counter() - started, 1),
    )


def publish_scores(
    scoring: Scoring, alias: str | None, tell: Tell, pointer: str = HOME, *, may_write: bool = True
) -> Publication:
    """Rank for all users, then write, audit and publish. A killed run resumes with the buckets that are missing.

    Args:
        scoring: the version, its snapshot and the platform's database.
        alias: the alias that named the version, for the record.
        tell: called with a line of progress now and then.
        pointer: the pointer that moves.
        may_write: false where other workers write the buckets: one that is missing is an error then.

    Raises:
        serving.batch.batch_state.AliasMovedError: nobody waits for these lists any more.
        serving.batch.batch_state.PublicationError: the audit refuses the batch, a newer one is shown already, or a
            bucket is missing that this run may not write.
    """
    started = time.perf_counter()
    batch = open_batch(scoring.engine, scoring.batch_id, scoring.as_of, str(scoring.version), alias)
    tell(f"batch opened batch_id={batch.batch_id} epoch={batch.epoch} state={batch.state}")
    counts: Batch | BatchFacts = batch if batch.is_complete else _write_and_audit(scoring, batch, may_write, tell)
    previous = move_pointer(scoring.engine, batch, pointer)
    tell(f"pointer moved name={pointer} from={previous} to={batch.batch_id}")
    return Publication(
        batch_id=batch.batch_id,
        model_version=batch.model_version,
        as_of=batch.as_of,
        num_users=counts.num_users,
        num_rows=counts.num_rows,
        was_written=not batch.is_complete,
        previous=previous,
        retired=retire_old_batches(scoring.engine),
        seconds=round(time.perf_counter() - started, 1),
    )


def _write_and_audit(scoring: Scoring, batch: Batch, may_write: bool, tell: Tell) -> BatchFacts:
    """Write what is missing of a batch and let the audit decide."""
    shared = scoring.open_snapshot(ANY_BUCKET)
    buckets = range(shared.num_buckets)
    if not may_write:
        _require_written(scoring, batch, buckets)
    _write_shared_lists(scoring, batch, shared)
    write_shelf_statistics(scoring.engine, batch, scoring.store, datetime.now(UTC))
    _write_missing(scoring, batch, shared, buckets, tell)
    facts = BatchFacts()
    for of_bucket in fetch_written_buckets(scoring.engine, batch).values():
        facts.add(of_bucket)
    previous = fetch_pointed_batch(scoring.engine)
    catalogue = Catalogue(_read_known_products(scoring.store), int(shared.products["is_sellable"].sum()))
    expected_users = count_users(scoring.store, scoring.as_of)
    findings = audit_batch(scoring.engine, batch, facts, catalogue, expected_users=expected_users, previous=previous)
    tell(f"audit passed rules={len(findings)}")
    return facts


def _write_missing(
    scoring: Scoring, batch: Batch, shared: Snapshot, buckets: range, tell: Tell
) -> dict[int, BatchFacts]:
    """Write those of some buckets that no worker has written, each looked for just before its turn."""
    can_be_ranked = shared.products["is_sellable"] & (shared.products["popularity"] > 0)  # what never sold is not
    full_length = min(FIRST_SLOTS, int(can_be_ranked.sum()))
    written: dict[int, BatchFacts] = {}
    for bucket in buckets:
        if not scoring.is_wanted():
            raise AliasMovedError(f"the alias moved on from version {scoring.version}")
        if bucket not in list_written_buckets(scoring.engine, batch):
            began = time.perf_counter()
            written[bucket] = write_bucket(scoring.engine, batch, bucket, _rank_bucket(scoring, bucket), full_length)
            rate = written[bucket].num_users / (time.perf_counter() - began)
            tell(f"bucket written bucket={bucket} num_users={written[bucket].num_users} users_per_second={rate:.0f}")
    return written


def _require_written(scoring: Scoring, batch: Batch, buckets: range) -> None:
    missing = sorted(set(buckets) - list_written_buckets(scoring.engine, batch))
    if missing:
        named = ", ".join(map(str, missing))
        raise PublicationError(
            f"buckets {named} of batch {batch.batch_id!r} are not written; the last lists stay. Run `python -m "
            f"serving.score --buckets {missing[0]}` and the like, or `python -m serving.score`, which writes them."
        )


def _read_known_products(store: MLStore) -> set[int]:
    """Read which products the shop had when it was synced last, later than the snapshot perhaps."""
    return set(store.as_of("products", datetime.now(UTC)).select("product_id").collect().to_series())


def _rank_bucket(scoring: Scoring, bucket: int) -> Iterator[pl.DataFrame]:
    """Rank the users of one bucket, some thousand at a time."""
    snapshot = scoring.open_snapshot(bucket)
    user_ids = snapshot.user_ids(bucket)
    for start in range(0, len(user_ids), USERS_PER_PIECE):
        piece = user_ids[start : start + USERS_PER_PIECE]
        yield scoring.ranker.rank(snapshot, piece, LIST_LENGTH, least_new=LEAST_NEW)


def _write_shared_lists(scoring: Scoring, batch: Batch, snapshot: Snapshot) -> None:
    """Write the lists that all shoppers share: popular, newest, what goes with each product and what is like it."""
    engine, products = scoring.engine, snapshot.products
    popular = encode_lists(rank_popular(products), ["scope", "scope_category_id"])
    write_lists(engine, batch, "popular_lists", popular.rename({"scope_category_id": "category_id"}))
    alike = rank_alike(products, scoring.ranker.embed_products(products["product_id"].to_numpy()))
    neighbours = rank_neighbours(snapshot.complements, alike, products)
    lists = encode_lists(neighbours, ["neighbour_of"]).rename({"neighbour_of": "product_id"})
    write_lists(engine, batch, "product_neighbours", lists)
