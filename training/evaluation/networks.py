"""Evaluation of networks and score functions on encoded candidates, the very same rows for each.

training/evaluation/lists.py evaluates lists and loaded versions; here a model is any function from encoded rows to
scores, or a network that is still in training.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from features.ranking.candidates import Candidates, draw_candidates
from features.ranking.encoding import Encoder
from features.snapshot.arrays import Float32, Int64
from training.data.inputs import EncodedSnapshot, ModelInputs, join_inputs
from training.data.samples import USERS_AT_ONCE
from training.data.windows import Window
from training.evaluation.lists import Evaluation, K, evaluate_lists
from training.model.wide_deep import Ensemble
from training.ranking.topk import lay_out


@dataclass(frozen=True)
class Chunk:
    """Some users with their candidates.

    Attributes:
        user_rows: int64[U], ascending rows in the window's arrays.
        candidates: P pairs, user by user.
        inputs: the same, encoded.
    """

    user_rows: Int64
    candidates: Candidates
    inputs: ModelInputs[np.ndarray]


Score = Callable[[Chunk], Float32]
"""Gives float32[P], a score a pair of the chunk."""


def encode_chunks(window: Window, user_rows: Int64, encoder: Encoder, num_candidates: int) -> Iterator[Chunk]:
    """Draw and encode the candidates of ascending users, chunk by chunk, as of the window's start."""
    snapshot = EncodedSnapshot(encoder, window.arrays)
    for start in range(0, len(user_rows), USERS_AT_ONCE):
        rows = user_rows[start : start + USERS_AT_ONCE]
        candidates = draw_candidates(window.arrays, rows, num_candidates)
        owners = np.searchsorted(rows, candidates.user_rows)
        inputs = join_inputs(snapshot.encode_users(rows), snapshot.encode_pairs(candidates), owners)
        yield Chunk(rows, candidates, inputs)


def evaluate_chunks(window: Window, chunks: Iterable[Chunk], score: Score) -> Evaluation:
    """Rank each user's candidates by score and evaluate both kinds of list; there is at least one chunk."""
    users, lists, new_lists = [], [], []
    for chunk in chunks:
        scores, candidates = score(chunk), chunk.candidates
        is_new = candidates.history_rows < 0
        new = candidates.take(is_new)
        users.append(chunk.user_rows)
        lists.append(lay_out(chunk.user_rows, candidates.user_rows, candidates.product_rows, scores, K))
        new_lists.append(lay_out(chunk.user_rows, new.user_rows, new.product_rows, scores[is_new], K))
    return evaluate_lists(window, np.concatenate(users), np.concatenate(lists), np.concatenate(new_lists))


def evaluate_network(window: Window, chunks: Iterable[Chunk], network: Ensemble) -> Evaluation:
    """Evaluate the lists of a network in evaluation mode."""

    def score(chunk: Chunk) -> Float32:
        with torch.inference_mode():
            scores: Float32 = network(ModelInputs(*map(torch.from_numpy, chunk.inputs)))[1].numpy()
        return scores

    return evaluate_chunks(window, chunks, score)
