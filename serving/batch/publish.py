"""Write-audit-publish of a batch: its lists are written under its id and audited before the pointer moves.

Every step can be repeated: lists are replaced by key, buckets that are noted as written are not written again, and a
kill at any point leaves the pointer on the last good batch.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from serving.batch.audit import Finding, audit, summarise
from serving.batch.batch_state import AuditError, Batch, record_verdict, require_writing
from serving.batch.lists import encode_lists
from serving.batch.measures import Catalogue, gather_measures
from serving.batch.statistics import BatchFacts, measure
from shop.database import session_scope
from shop.tables import BatchBucket

LISTS_PER_TRANSACTION = 5000

Item = TypeVar("Item")


def fetch_written_buckets(engine: Engine, batch: Batch) -> dict[int, BatchFacts]:
    """Return the facts of the buckets that are completely written."""
    with Session(engine) as session:
        rows = session.execute(
            select(BatchBucket.bucket, BatchBucket.facts).where(BatchBucket.batch_id == batch.batch_id)
        )
        return {bucket: BatchFacts.from_json(facts) for bucket, facts in rows}


def list_written_buckets(engine: Engine, batch: Batch) -> set[int]:
    """Return which buckets are completely written, without their facts."""
    with Session(engine) as session:
        return set(session.scalars(select(BatchBucket.bucket).where(BatchBucket.batch_id == batch.batch_id)))


def write_bucket(
    engine: Engine, batch: Batch, bucket: int, pieces: Iterable[pl.DataFrame], full_length: int
) -> BatchFacts:
    """Write the lists of one bucket, and last the note that it is complete.

    Args:
        engine: the platform's database.
        batch: an open batch.
        bucket: number of the user bucket.
        pieces: frames of user_id, rank, product_id, category_id, score, reason, sorted by user and rank; a user's
            rows are never split between two frames.
        full_length: entries that each list should have, for the audit.

    Returns:
        What was measured of the bucket.

    Raises:
        serving.batch.batch_state.BatchEndedError: another run ended the batch meanwhile.
    """
    facts = BatchFacts()
    prepared = ((measure(piece, full_length), encode_lists(piece, ["user_id"])) for piece in pieces)
    for measured, lists in _work_ahead(prepared):
        facts.add(measured)
        write_lists(engine, batch, "recommendations", lists)
    try:
        _note_bucket(engine, batch, bucket, facts)
    except IntegrityError:  # another worker noted the same bucket at the same moment
        _note_bucket(engine, batch, bucket, facts)
    return facts


def _note_bucket(engine: Engine, batch: Batch, bucket: int, facts: BatchFacts) -> None:
    plain = facts.to_json()
    with session_scope(engine) as session:
        require_writing(session, batch)
        session.merge(
            BatchBucket(
                batch_id=batch.batch_id,
                bucket=bucket,
                num_users=facts.num_users,
                num_rows=facts.num_rows,
                checksum=plain["checksum"],
                facts=plain,
            )
        )


def write_lists(engine: Engine, batch: Batch, table: str, lists: pl.DataFrame) -> None:
    """Write encoded lists into one of the batch's tables, replacing those of the same key.

    Args:
        engine: the platform's database.
        batch: an open batch.
        table: `recommendations`, `popular_lists` or `product_neighbours`.
        lists: the table's key columns besides the batch, and `products` as JSON text.

    Raises:
        ValueError: the table holds no lists.
        serving.batch.batch_state.BatchEndedError: another run ended the batch meanwhile.
    """
    if table not in ("recommendations", "popular_lists", "product_neighbours"):
        raise ValueError(f"lists are not written to {table!r}")
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * (lists.width + 1))
    statement = f"REPLACE INTO {table} (batch_id, {', '.join(lists.columns)}) VALUES ({marks})"
    for rows in lists.select(pl.lit(batch.batch_id), pl.all()).iter_slices(LISTS_PER_TRANSACTION):
        with session_scope(engine) as session:
            require_writing(session, batch)
            session.connection().exec_driver_sql(statement, rows.rows())


def _work_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Make the next item in a thread while the caller is busy with this one; never more than one ahead."""
    with ThreadPoolExecutor(1, thread_name_prefix="work-ahead") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def audit_batch(
    engine: Engine, batch: Batch, facts: BatchFacts, catalogue: Catalogue, *, expected_users: int, previous: str | None
) -> list[Finding]:
    """Audit a written batch and note the verdict on its row.

    Args:
        engine: the platform's database.
        batch: a batch whose buckets are all written.
        facts: what was measured of all of them.
        catalogue: the shop's products.
        expected_users: users of the snapshot.
        previous: the batch that shoppers see now.

    Returns:
        What each rule found; all have passed.

    Raises:
        AuditError: a rule is broken; the message names each with its value and bound.
    """
    measures = gather_measures(engine, batch, facts, catalogue, expected_users=expected_users, previous=previous)
    findings = audit(measures, facts.num_users)
    broken = [finding for finding in findings if not finding.has_passed]
    counts = {"num_users": facts.num_users, "num_rows": facts.num_rows, "checksum": f"{facts.checksum:016x}"}
    record_verdict(engine, batch, "refused" if broken else "audited", counts, summarise(findings))
    if broken:
        raise AuditError(
            f"batch {batch.batch_id!r} is refused, the last one stays. Broken: {'; '.join(map(str, broken))}"
        )
    return findings
