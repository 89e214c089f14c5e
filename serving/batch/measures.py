"""Measures of the audit, read from the shop's database: lists present, products known, overlap with before."""

from collections.abc import Iterable

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from serving.batch.batch_state import Batch
from serving.batch.statistics import FIRST_SLOTS, BatchFacts
from shop.tables import Product, Recommendation

OVERLAP_USERS = 500
KEYS_PER_QUERY = 5000
DISTINCT_ENOUGH = 100


def gather_measures(
    engine: Engine, batch: Batch, facts: BatchFacts, *, expected_users: int, num_products: int, previous: str | None
) -> dict[str, float | None]:
    """Return a value for each rule of `serving.batch.audit.RULES`.

    Args:
        engine: the shop's database.
        batch: a batch whose buckets are all written.
        facts: what was measured while writing.
        expected_users: users of the snapshot.
        num_products: sellable products of the snapshot.
        previous: the batch that shoppers see now, to overlap with.
    """
    users = max(facts.num_users, 1)
    stored = count_stored_users(engine, batch.batch_id)
    return {
        "coverage": facts.num_users / expected_users if expected_users else 1.0,
        "stored_users": 1.0 if stored == facts.num_users else min(stored, facts.num_users) / max(stored, users),
        "non_finite_scores": facts.non_finite_scores,
        "lists_with_repeats": facts.lists_with_repeats,
        "unknown_products": _unknown_share(engine, facts),
        "short_lists": facts.short_lists / users,
        "flat_lists": facts.flat_lists / users,
        "top_product_share": max(facts.top_products.values(), default=0) / users,
        "distinct_products": len(facts.shown_products) / max(1, min(DISTINCT_ENOUGH, num_products)),
        "overlap": _overlap(engine, batch.batch_id, previous),
    }


def count_stored_users(engine: Engine, batch_id: str) -> int:
    """Count the lists that the database holds for a batch."""
    counted = select(func.count()).select_from(Recommendation).where(Recommendation.batch_id == batch_id)
    with Session(engine) as session:
        return int(session.scalar(counted) or 0)


def _unknown_share(engine: Engine, facts: BatchFacts) -> float:
    """Return the share of first slots that hold a product without a row in the shop."""
    shown = facts.shown_products
    known = _known_products(engine, shown)
    unknown = sum(count for product_id, count in shown.items() if product_id not in known)
    return unknown / max(1, sum(shown.values()))


def _known_products(engine: Engine, product_ids: Iterable[int]) -> set[int]:
    wanted = sorted(product_ids)
    known: set[int] = set()
    with Session(engine) as session:
        for start in range(0, len(wanted), KEYS_PER_QUERY):
            keys = wanted[start : start + KEYS_PER_QUERY]
            known.update(session.scalars(select(Product.product_id).where(Product.product_id.in_(keys))))
    return known


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
