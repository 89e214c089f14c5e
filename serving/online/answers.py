"""Responses of the model server from what the ranker ranked; the same ranker and arrays as the batch."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from features.snapshot.arrays import Int64
from features.snapshot.groups import find_bounds
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
from training.ranking.cart import Companions, rank_cart
from training.ranking.lists import RankedLists

# A list of rows becomes a list of products at once, which takes a third of what one by one takes.
PRODUCTS, COMPANIONS = TypeAdapter(list[ScoredProduct]), TypeAdapter(list[ScoredCompanion])
RERANKED, CATEGORIES = TypeAdapter(list[RerankedProduct]), TypeAdapter(list[CategoryScore])


def answer_lists(champion: Champion, user_ids: list[int], k: int) -> RecommendAnswer:
    """Rank products for users; those whom the snapshot does not know are named."""
    ranked = champion.ranker.rank_users(champion.snapshot, _to_ids(user_ids), k)
    rows = _name(ranked, "reason", ranked.reasons)
    lists = [
        UserRecommendations(user_id=user_id, products=PRODUCTS.validate_python(rows[theirs]))
        for user_id, theirs in _find_users(ranked.user_ids)
    ]
    return RecommendAnswer(
        model_version=champion.version,
        as_of=champion.as_of,
        recommendations=lists,
        unknown_user_ids=_list_unknown(user_ids, ranked.user_ids),
    )


def answer_cart(champion: Champion, user_id: int | None, product_ids: list[int], k: int) -> CartRanking:
    """Rank what goes with a cart; a user whom the snapshot does not know is nobody."""
    ranked = rank_cart(champion.ranker, champion.snapshot, user_id, _to_ids(product_ids), k)
    rows = _name(ranked, "goes_with", ranked.goes_with)
    products = COMPANIONS.validate_python(rows)
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
    reasons = [None if each == UNCHANGED else each for each in ranked.reasons]
    rows = _name(ranked, "reason", reasons)
    return Reranking(
        model_version=champion.version,
        as_of=champion.as_of,
        batch_id=name_batch(champion.as_of, champion.model, champion.snapshot.snapshot_id),
        products=RERANKED.validate_python(rows),
    )


def answer_categories(champion: Champion, user_ids: list[int]) -> ScoreAnswer:
    """Score categories for users, likeliest first."""
    scored = champion.ranker.score_categories(champion.snapshot, _to_ids(user_ids))
    ordered = scored.sort(["user_id", "score", "category_id"], descending=[False, True, False])
    rows = ordered.select("category_id", "score").to_dicts()
    scored_ids = ordered["user_id"].to_numpy()
    users = [
        UserCategories(user_id=user_id, categories=CATEGORIES.validate_python(rows[theirs]))
        for user_id, theirs in _find_users(scored_ids)
    ]
    return ScoreAnswer(
        model_version=champion.version,
        as_of=champion.as_of,
        scores=users,
        unknown_user_ids=_list_unknown(user_ids, scored_ids),
    )


def _to_ids(ids: list[int]) -> np.ndarray:
    """Return ids as int64, each once."""
    return np.unique(np.array(ids, dtype=np.int64))


def _name(ranked: RankedLists | Companions, last: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return each ranked product's values by name, the last ones under the name `last`."""
    columns = zip(
        ranked.product_ids.tolist(), ranked.category_ids.tolist(), ranked.scores.tolist(), values, strict=True
    )
    return [
        {"product_id": product_id, "category_id": category_id, "score": score, last: value}
        for product_id, category_id, score, value in columns
    ]


def _find_users(user_ids: Int64) -> Iterator[tuple[int, slice]]:
    """Yield each user and their rows; `user_ids` int64[P], those of a user one after the other."""
    bounds = find_bounds(user_ids)
    for start, end in pairwise(bounds.tolist()):
        yield int(user_ids[start]), slice(start, end)


def _list_unknown(user_ids: list[int], known_ids: Int64) -> list[int]:
    """List the users who are not among the known, in the order asked."""
    known = set(known_ids.tolist())
    return [user_id for user_id in dict.fromkeys(user_ids) if user_id not in known]
