"""Ranker: ranked products from a snapshot and a version, in training, batch and online, without torch."""

from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl

from features.ranking.candidates import Candidates, draw_candidates
from features.ranking.encoding import Encoder
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.tables import Snapshot
from training.config import load_config
from training.data.inputs import (
    ModelInputs,
    ModelOutputs,
    UserInputs,
    encode_pairs,
    encode_users,
    join_inputs,
    no_pairs,
)
from training.ranking.reasons import cite
from training.ranking.topk import rank_top
from training.version.compatibility import check_signature, check_vocabulary
from training.version.embeddings import load_product_embeddings
from training.version.files import (
    CONFIG,
    HOLDOUT,
    MODEL,
    ArtefactError,
    check_golden,
    identify,
    load_encoder,
    open_session,
    verify_folder,
)

# Users scored at once: bounds memory at about USERS_AT_ONCE x (best sellers + candidates) numbers.
USERS_AT_ONCE = 256

# The columns of a ranked list.
LIST_SCHEMA = {
    "user_id": pl.Int64,
    "rank": pl.Int32,
    "product_id": pl.Int64,
    "category_id": pl.Int64,
    "score": pl.Float32,
    "reason": pl.String,
}


class Ranker:
    """A loaded version. Stateless between calls; threads may share it."""

    def __init__(self, folder: Path, encoder: Encoder, session: onnxruntime.InferenceSession, num_candidates: int):
        self._folder = folder
        self.encoder = encoder
        self._session = session
        self._num_candidates = num_candidates

    @classmethod
    def load(cls, folder: Path, num_threads: int = 0, *, is_holdout: bool = False) -> "Ranker":
        """Open a version's folder, hashes first.

        Args:
            folder: as `registry.download` left it.
            num_threads: of the network; 0 leaves it to the runtime.
            is_holdout: open the holdout model, which never saw the newest window; it has no golden rows.

        Raises:
            ArtefactError: a file is missing, altered, unexpected or of another format, or the network's signature is
                not the one that this code feeds.
        """
        verify_folder(folder)
        config = load_config(folder / CONFIG)
        session = open_session(folder / (HOLDOUT if is_holdout else MODEL), num_threads)
        encoder = load_encoder(folder)
        check_signature(session, encoder)
        check_vocabulary(session, encoder)
        return cls(folder, encoder, session, config.data.num_candidates)

    @property
    def folder(self) -> Path:
        """Where the version's files lie, named by the run that made them."""
        return self._folder

    @property
    def content_hash(self) -> str:
        """The hash of the version's files."""
        return identify(self._folder)

    @property
    def feature_hash(self) -> str:
        """The feature definitions that the version was trained on."""
        return self.encoder.feature_hash

    def check_golden(self) -> float:
        """Score the golden rows; gives the largest difference, raises ArtefactError above 1e-6 or for NaN."""
        return check_golden(self._folder, self._session)

    def check_snapshot(self, snapshot: Snapshot) -> None:
        """Require that version and snapshot were made by the same feature definitions.

        Raises:
            ArtefactError: the hashes differ; the message names both.
        """
        if snapshot.feature_hash != self.feature_hash:
            raise ArtefactError(
                f"The version reads features {self.feature_hash}, the snapshot as of {snapshot.as_of:%Y-%m-%d} holds "
                f"{snapshot.feature_hash}: rebuild the snapshot with the version's code, or train a new version."
            )

    def rank(self, snapshot: Snapshot, user_ids: Int64, k: int, *, only_new: bool = False) -> pl.DataFrame:
        """Rank products for users.

        Args:
            snapshot: features as of an instant.
            user_ids: int64; unknown ones are absent from the answer.
            k: length of the lists; shorter where there are fewer candidates.
            only_new: leave out what the user bought before.

        Returns:
            user_id, rank (1 first), product_id, category_id, score (float32, the probability of purchase within the
            horizon as far as it is calibrated), reason; sorted by user_id and rank.

        Raises:
            ArtefactError: the snapshot was made by other feature definitions.
        """
        self.check_snapshot(snapshot)
        rows = _known_rows(snapshot.arrays, user_ids)
        chunks = [rows[start : start + USERS_AT_ONCE] for start in range(0, len(rows), USERS_AT_ONCE)]
        frames = [self._rank_chunk(snapshot.arrays, chunk, k, only_new) for chunk in chunks]
        return pl.concat(frames) if frames else pl.DataFrame(schema=LIST_SCHEMA)

    def score_categories(self, snapshot: Snapshot, user_ids: Int64) -> pl.DataFrame:
        """Return the probability that each user buys from each category within the horizon.

        Returns:
            user_id, category_id, score (float32); unknown users are absent.

        Raises:
            ArtefactError: the snapshot was made by other feature definitions.
        """
        self.check_snapshot(snapshot)
        arrays = snapshot.arrays
        rows = _known_rows(arrays, user_ids)
        return lay_out_categories(arrays.user_ids[rows], self.category_ids, self.predict_categories(arrays, rows))

    @property
    def category_ids(self) -> Int64:
        """The categories of the category head, in its order. int64[C]."""
        return np.array(self.encoder.category_ids, dtype=np.int64)

    def embed_products(self, product_ids: Int64) -> Float32:
        """Return what the network learned of products.

        Returns:
            float32[products, E], each of unit length; all zeros for a product that the network never saw.

        Raises:
            ArtefactError: the network keeps no embeddings where they are looked for.
        """
        ids = self.encoder.look_up_products(np.asarray(product_ids, dtype=np.int64))
        embeddings: Float32 = load_product_embeddings(self._folder)[ids]
        return embeddings

    def score_candidates(self, arrays: SnapshotArrays, rows: Int64) -> tuple[Candidates, Float32, Float32]:
        """Draw and score the candidates of user rows (ascending, some hundreds).

        Returns:
            The P pairs, their scores float32[P], and the users' category probabilities float32[len(rows), C].
        """
        candidates = draw_candidates(arrays, rows, self._num_candidates)
        users = encode_users(self.encoder, arrays, rows)
        categories, scores = self._score_pairs(arrays, rows, users, candidates)
        return candidates, scores, categories

    def predict_categories(self, arrays: SnapshotArrays, rows: Int64) -> Float32:
        """Return the probabilities of user rows to buy from each category, float32[len(rows), C]."""
        probabilities = np.empty((len(rows), len(self.encoder.category_ids)), dtype=np.float32)
        for start in range(0, len(rows), USERS_AT_ONCE):
            users = encode_users(self.encoder, arrays, rows[start : start + USERS_AT_ONCE])
            outputs = self.run(join_inputs(users, no_pairs(), np.empty(0, dtype=np.int64)))
            probabilities[start : start + USERS_AT_ONCE] = outputs.category_probabilities
        return probabilities

    def run(self, inputs: ModelInputs[np.ndarray]) -> ModelOutputs[np.ndarray]:
        """Run the network."""
        return ModelOutputs(*self._session.run(None, inputs._asdict()))

    def _rank_chunk(self, arrays: SnapshotArrays, rows: Int64, k: int, only_new: bool) -> pl.DataFrame:
        candidates = draw_candidates(arrays, rows, self._num_candidates)
        users = encode_users(self.encoder, arrays, rows)
        _, scores = self._score_pairs(arrays, rows, users, candidates)
        if only_new:
            is_new = candidates.history_rows < 0
            candidates, scores = candidates.take(is_new), scores[is_new]
        order, ranks = rank_top(candidates.user_rows, scores, k)
        chosen, scores = candidates.take(order), scores[order]
        reasons = cite(chosen, scores, lambda pairs: self._score_pairs(arrays, rows, users, pairs).product_scores)
        return lay_out_pairs(arrays, chosen, ranks, scores).with_columns(reason=pl.Series(reasons, dtype=pl.String))

    def _score_pairs(
        self, arrays: SnapshotArrays, rows: Int64, users: UserInputs, pairs: Candidates
    ) -> ModelOutputs[np.ndarray]:
        """Encode pairs of user rows and run the network; `users` are those rows, encoded."""
        owners = np.searchsorted(rows, pairs.user_rows)
        return self.run(join_inputs(users, encode_pairs(self.encoder, arrays, pairs), owners))


def _known_rows(arrays: SnapshotArrays, user_ids: Int64) -> Int64:
    rows = np.unique(arrays.find_users(np.asarray(user_ids, dtype=np.int64)))
    return rows[rows >= 0]


def lay_out_pairs(arrays: SnapshotArrays, chosen: Candidates, ranks: Int64, scores: Float32) -> pl.DataFrame:
    """Lay out ranked pairs: user_id, rank (`ranks` count from 0, the column from 1), product_id, category_id, score."""
    return pl.DataFrame(
        {
            "user_id": arrays.user_ids[chosen.user_rows],
            "rank": (ranks + 1).astype(np.int32),
            "product_id": arrays.product_ids[chosen.product_rows],
            "category_id": arrays.category_ids[arrays.category_rows[chosen.product_rows]],
            "score": scores,
        }
    )


def lay_out_categories(user_ids: Int64, category_ids: Int64, probabilities: Float32) -> pl.DataFrame:
    """Lay out probabilities float32[U, C]: user_id, category_id, score."""
    return pl.DataFrame(
        {
            "user_id": np.repeat(user_ids, len(category_ids)),
            "category_id": np.tile(category_ids, len(user_ids)),
            "score": probabilities.ravel(),
        }
    )
