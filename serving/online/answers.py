"""Responses of the model server from the ranker's frames; the same ranker and arrays as the batch.

Frames are taken apart as lists: an expression of polars goes through its threads, which takes a millisecond and more
where other work waits for a core.
"""

from datetime import UTC
from typing import Any

import numpy as np
import polars as pl
from pydantic import TypeAdapter

from features.snapshot.ordered_lines import OrderedLine
from serving.batch.batch_state import name_batch
from serving.champion import Champion
from serving.online.schemas import (
    CartRanking,
    CategoryScore,
    LineSince,
    RecommendAnswer,
    RerankedProduct,
    Reranking,
    ScoreAnswer,
    ScoredCompanion,
    ScoredProduct,
    UserCategories,
    UserRecommendations,
)
from training.ranking.again import UNCHANGED, rank_again
from training.ranking.cart import rank_cart

# A list of rows becomes a list of products at once, which takes a third of what one by one takes.
PRODUCTS, COMPANIONS = TypeAdapter(list[ScoredProduct]), TypeAdapter(list[ScoredCompanion])
RERANKED, CATEGORIES = TypeAdapter(list[RerankedProduct]), TypeAdapter(list[CategoryScore])


def answer_lists(champion: Champion, user_ids: list[int], k: int) -> RecommendAnswer:
    """Rank products for users; those whom the snapshot does not know are named."""
    ranked = champion.ranker.rank(champion.snapshot, _to_ids(user_ids), k)
    lists = [
        UserRecommendations(user_id=user_id, products=PRODUCTS.validate_python(rows))
        for user_id, rows in _split(ranked, ["product_id", "category_id", "score", "reason"])
    ]
    return RecommendAnswer(
        model_version=champion.version,
        as_of=champion.as_of,
        recommendations=lists,
        unknown_user_ids=_list_unknown(user_ids, ranked),
    )


def answer_cart(champion: Champion, user_id: int | None, product_ids: list[int], k: int) -> CartRanking:
    """Rank what goes with a cart; a user whom the snapshot does not know is nobody."""
    ranked = rank_cart(champion.ranker, champion.snapshot, user_id, _to_ids(product_ids), k)
    products = COMPANIONS.validate_python(_to_rows(ranked, ranked.columns))
    return CartRanking(model_version=champion.version, as_of=champion.as_of, products=products)


def answer_reranking(champion: Champion, user_id: int, since: list[LineSince], listed: list[int]) -> Reranking:
    """Rank a user's list again by the orders since the snapshot."""
    lines = [
        OrderedLine(
            order_id=line.order_id,
            product_id=line.product_id,
            quantity=line.quantity,
            value=line.unit_price * line.quantity,
            discount=line.discount_amount,
            ordered_at=line.ordered_at.astimezone(UTC),
        )
        for line in since
    ]
    ranked = rank_again(champion.ranker, champion.snapshot, user_id, lines, _to_ids(listed))
    products = _to_rows(ranked, ["product_id", "category_id", "score", "reason"])
    return Reranking(
        model_version=champion.version,
        as_of=champion.as_of,
        batch_id=name_batch(champion.as_of, champion.model, champion.snapshot.snapshot_id),
        products=RERANKED.validate_python(
            [each | {"reason": None if each["reason"] == UNCHANGED else each["reason"]} for each in products]
        ),
    )


def answer_categories(champion: Champion, user_ids: list[int]) -> ScoreAnswer:
    """Score categories for users, likeliest first."""
    scored = champion.ranker.score_categories(champion.snapshot, _to_ids(user_ids))
    ordered = scored.sort(["user_id", "score", "category_id"], descending=[False, True, False])
    users = [
        UserCategories(user_id=user_id, categories=CATEGORIES.validate_python(rows))
        for user_id, rows in _split(ordered, ["category_id", "score"])
    ]
    return ScoreAnswer(
        model_version=champion.version,
        as_of=champion.as_of,
        scores=users,
        unknown_user_ids=_list_unknown(user_ids, scored),
    )


def _to_ids(ids: list[int]) -> np.ndarray:
    """Return ids as int64, each once."""
    return np.unique(np.array(ids, dtype=np.int64))


def _split(frame: pl.DataFrame, columns: list[str]) -> list[tuple[int, list[dict[str, Any]]]]:
    """Cut a frame sorted by user into the rows of each user."""
    user_ids, starts = np.unique(frame["user_id"].to_numpy(), return_index=True)
    rows = _to_rows(frame, columns)
    ends = [*starts[1:].tolist(), len(rows)]
    return [(user, rows[start:end]) for user, start, end in zip(user_ids.tolist(), starts.tolist(), ends, strict=True)]


def _to_rows(frame: pl.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Return some columns of each row by name."""
    values = zip(*(frame[column].to_list() for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _list_unknown(user_ids: list[int], frame: pl.DataFrame) -> list[int]:
    """List the users whom the frame lacks, in the order asked."""
    known = set(frame["user_id"].to_list())
    return [user_id for user_id in dict.fromkeys(user_ids) if user_id not in known]
