"""Lists of a batch, read back as they were stored."""

import polars as pl
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shop.tables import Recommendation

SCHEMA = {
    "user_id": pl.Int64,
    "rank": pl.Int64,
    "product_id": pl.Int64,
    "category_id": pl.Int64,
    "score": pl.Float32,
    "reason": pl.String,
}


def read_stored_rows(engine: Engine, batch_id: str) -> pl.DataFrame:
    """Return one row an entry: user_id, rank, product_id, category_id, score, reason, by user and rank."""
    lists = select(Recommendation.user_id, Recommendation.products).where(Recommendation.batch_id == batch_id)
    with Session(engine) as session:
        stored = session.execute(lists.order_by(Recommendation.user_id)).all()
    rows = [(user, rank, *entry) for user, products in stored for rank, entry in enumerate(products, start=1)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
