"""Responses of the model server from the ranker's frames; the same ranker and arrays as the batch."""

import numpy as np
import polars as pl

from serving.champion import Champion
from serving.online.schemas import (
    CartRanking,
    CategoryScore,
    RecommendAnswer,
    ScoreAnswer,
    ScoredCompanion,
    ScoredProduct,
    UserCategories,
    UserRecommendations,
)
from training.ranking.cart import rank_cart


def answer_lists(champion: Champion, user_ids: list[int], k: int) -> RecommendAnswer:
    """Rank products for users; those whom the snapshot does not know are named."""
    ranked = champion.ranker.rank(champion.snapshot, _to_ids(user_ids), k)
    lists = [
        UserRecommendations(
            user_id=user_id,
            products=[ScoredProduct.model_construct(**row) for row in rows.iter_rows(named=True)],
        )
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
    products = [ScoredCompanion.model_construct(**row) for row in ranked.iter_rows(named=True)]
    return CartRanking(model_version=champion.version, as_of=champion.as_of, products=products)


def answer_categories(champion: Champion, user_ids: list[int]) -> ScoreAnswer:
    """Score categories for users, likeliest first."""
    scored = champion.ranker.score_categories(champion.snapshot, _to_ids(user_ids))
    ordered = scored.sort(["user_id", "score", "category_id"], descending=[False, True, False])
    users = [
        UserCategories(
            user_id=user_id,
            categories=[CategoryScore.model_construct(**row) for row in rows.iter_rows(named=True)],
        )
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


def _split(frame: pl.DataFrame, columns: list[str]) -> list[tuple[int, pl.DataFrame]]:
    """Cut a frame sorted by user into one piece a user."""
    pieces = frame.partition_by("user_id", maintain_order=True)
    return [(int(piece["user_id"][0]), piece.select(columns)) for piece in pieces]


def _list_unknown(user_ids: list[int], frame: pl.DataFrame) -> list[int]:
    """List the users whom the frame lacks, in the order asked."""
    known = set(frame["user_id"].unique().to_list())
    return [user_id for user_id in dict.fromkeys(user_ids) if user_id not in known]
