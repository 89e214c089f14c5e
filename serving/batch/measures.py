"""Measures of the audit: lists present in the platform's database, products known, overlap with before."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from serving.batch.batch_state import Batch
from serving.batch.statistics import FIRST_SLOTS, BatchFacts
from shop.tables import Recommendation

OVERLAP_USERS = 500
DISTINCT_ENOUGH = 100


@dataclass(frozen=True)
class Catalogue:
    """What a batch is held against.

    Attributes:
        known_products: products that the shop has now, hidden and sold-out ones included.
        num_sellable: products of the snapshot that could be sold.
    """

    known_products: Collection[int]
    num_sellable: int


def gather_measures(
    engine: Engine, batch: Batch, facts: BatchFacts, catalogue: Catalogue, *, expected_users: int, previous: str | None
) -> dict[str, float | None]:
    """Return a value for each rule of `serving.batch.audit.RULES`.

    Args:
        engine: the platform's database.
        batch: a batch whose buckets are all written.
        facts: what was measured while writing.
        catalogue: the shop's products.
        expected_users: users of the snapshot.
        previous: the batch that shoppers see now, to overlap with.
    """
    users = max(facts.num_users, 1)
    stored = count_stored_users(engine, batch.batch_id)
    return {
        "coverage": facts.num_users / expected_users if expected_users else 1.0,
        "stored_users": 1.0 if stored == facts.num_users else min(stored, facts.num_users) / max(stored, users),
        "non_finite_scores": facts.non_finite_scores,
        "lists_with_repeats": facts.lists_with_repeats,
        "unknown_products": _unknown_share(facts, catalogue.known_products),
        "short_lists": facts.short_lists / users,
        "flat_lists": facts.flat_lists / users,
        "top_product_share": max(facts.top_products.values(), default=0) / users,
        "distinct_products": len(facts.shown_products) / max(1, min(DISTINCT_ENOUGH, catalogue.num_sellable)),
        "overlap": _overlap(engine, batch.batch_id, previous),
    }


def count_stored_users(engine: Engine, batch_id: str) -> int:
    """Count the lists that the database holds for a batch."""
    counted = select(func.count()).select_from(Recommendation).where(Recommendation.batch_id == batch_id)
    with Session(engine) as session:
        return int(session.scalar(counted) or 0)


def _unknown_share(facts: BatchFacts, known: Collection[int]) -> float:
    """Return the share of first slots that hold a product without a row in the shop."""
    shown = facts.shown_products
    unknown = sum(count for product_id, count in shown.items() if product_id not in known)
    return unknown / max(1, sum(shown.values()))


def _overlap(engine: Engine, batch_id: str, previous: str | None) -> float | None:
    """Return the mean share of the first page that users keep from the batch before; `None` without one."""
    if previous is None or previous == batch_id:
        return None
    new, old = aliased(Recommendation), aliased(Recommendation)
    pairs = (
        select(new.products, old.products)
        .join(old, (old.user_id == new.user_id) & (old.batch_id == previous))
        .where(new.batch_id == batch_id)
        .order_by(new.user_id)
        .limit(OVERLAP_USERS)
    )
    with Session(engine) as session:
        shares = [_share_kept(*pair) for pair in session.execute(pairs)]
    return sum(shares) / len(shares) if shares else None


def _share_kept(new: list[list[object]], old: list[list[object]]) -> float:
    page = {entry[0] for entry in new[:FIRST_SLOTS]}
    return len(page & {entry[0] for entry in old[:FIRST_SLOTS]}) / max(1, len(page))
