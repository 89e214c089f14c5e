"""Ranker: ranked products from a snapshot and a version, in training, batch and online, without torch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl

from features.ranking.candidates import Candidates, draw_candidates
from features.ranking.encoding import Encoder
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.rankable import RankableSnapshot
from training.config import load_config
from training.data.inputs import (
    EncodedSnapshot,
    ModelInputs,
    ModelOutputs,
    UserInputs,
    join_inputs,
    no_pairs,
)
from training.ranking.chunks import map_chunks, slice_pairs
from training.ranking.lists import RankedLists
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


class Ranker:
    """A loaded version. Threads may share it; between calls it keeps the products of the last snapshot encoded."""

    def __init__(self, folder: Path, encoder: Encoder, session: onnxruntime.InferenceSession, num_candidates: int):
        self._folder = folder
        self.encoder = encoder
        self._session = session
        self.num_candidates = num_candidates
        self._encoded: EncodedSnapshot | None = None

    @classmethod
    def load(cls, folder: Path, *, is_holdout: bool = False) -> "Ranker":
        """Open a version's folder, hashes first.

        Args:
            folder: as `registry.download` left it.
            is_holdout: open the holdout model, which never saw the newest window; it has no golden rows.

        Raises:
            ArtefactError: a file is missing, altered, unexpected or of another format, or the network's signature is
                not the one that this code feeds.
        """
        verify_folder(folder)
        config = load_config(folder / CONFIG)
        session = open_session(folder / (HOLDOUT if is_holdout else MODEL))
        encoder = load_encoder(folder)
        check_signature(session, encoder)
        check_vocabulary(session, encoder)
        return cls(folder, encoder, session, min(config.data.num_candidates, config.data.num_ranked))

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

    def check_snapshot(self, snapshot: RankableSnapshot) -> None:
        """Require that version and snapshot were made by the same feature definitions.

        Raises:
            ArtefactError: the hashes differ; the message names both.
        """
        if snapshot.feature_hash != self.feature_hash:
            raise ArtefactError(
                f"The version reads features {self.feature_hash}, the snapshot as of {snapshot.as_of:%Y-%m-%d} holds "
                f"{snapshot.feature_hash}: rebuild the snapshot with the version's code, or train a new version."
            )

    def rank(
        self, snapshot: RankableSnapshot, user_ids: Int64, k: int, *, only_new: bool = False, least_new: int = 0
    ) -> pl.DataFrame:
        """Rank products for users.

        Args:
            snapshot: features as of an instant.
            user_ids: int64; unknown ones are absent from the answer.
            k: length of the lists; shorter where there are fewer candidates.
            only_new: leave out what the user bought before.
            least_new: go on below the k best with what the user never bought, until a list holds so many of these.

        Returns:
            user_id, rank (1 first), product_id, category_id, score (float32, the probability of purchase within the
            horizon as far as it is calibrated), reason; sorted by user_id and rank.

        Raises:
            ArtefactError: the snapshot was made by other feature definitions.
        """
        return self.rank_users(snapshot, user_ids, k, only_new=only_new, least_new=least_new).to_frame()

    def rank_users(
        self, snapshot: RankableSnapshot, user_ids: Int64, k: int, *, only_new: bool = False, least_new: int = 0
    ) -> RankedLists:
        """Rank products for users as arrays, which takes a few users half a millisecond less; see `rank`."""
        self.check_snapshot(snapshot)
        rows = _known_rows(snapshot.arrays, user_ids)
        return self.rank_rows(snapshot.arrays, rows, k, only_new=only_new, least_new=least_new).sort_users()

    def rank_rows(
        self, arrays: SnapshotArrays, rows: Int64, k: int, *, only_new: bool = False, least_new: int = 0
    ) -> RankedLists:
        """Rank products for user rows, ascending, of arrays that were checked; see `rank`."""
        encoded = self._encode(arrays)
        return RankedLists.join(
            map_chunks(lambda chunk: self._rank_chunk(encoded, chunk, k, only_new, least_new), rows)
        )

    def score_categories(self, snapshot: RankableSnapshot, user_ids: Int64) -> pl.DataFrame:
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
        candidates = draw_candidates(arrays, rows, self.num_candidates)
        encoded = self._encode(arrays)
        categories, scores = self._score_pairs(encoded, rows, encoded.encode_users(rows), candidates)
        return candidates, scores, categories

    def score_pairs(self, arrays: SnapshotArrays, pairs: Candidates) -> Float32:
        """Score pairs of one user or a few, sorted by user; float32[P]."""
        return self.make_scorer(arrays, np.unique(pairs.user_rows))(pairs)

    def make_scorer(self, arrays: SnapshotArrays, rows: Int64) -> Callable[[Candidates], Float32]:
        """Encode user rows once, to score their pairs, sorted by user, as often as need be; each gives float32[P]."""
        encoded = self._encode(arrays)
        users = encoded.encode_users(rows)
        return lambda pairs: self._score_pairs(encoded, rows, users, pairs).product_scores

    def predict_categories(self, arrays: SnapshotArrays, rows: Int64) -> Float32:
        """Return the probabilities of user rows to buy from each category, float32[len(rows), C]."""
        nobody = np.empty((0, len(self.encoder.category_ids)), dtype=np.float32)
        encoded = self._encode(arrays)

        def predict(chunk: Int64) -> Float32:
            inputs = join_inputs(encoded.encode_users(chunk), no_pairs(), np.empty(0, dtype=np.int64))
            return self.run(inputs).category_probabilities

        return np.concatenate([nobody, *map_chunks(predict, rows)])

    def run(self, inputs: ModelInputs[np.ndarray]) -> ModelOutputs[np.ndarray]:
        """Run the network."""
        return ModelOutputs(*self._session.run(ModelOutputs._fields, inputs._asdict()))

    def _encode(self, arrays: SnapshotArrays) -> EncodedSnapshot:
        encoded = self._encoded and self._encoded.of(arrays)
        if encoded is None:
            self._encoded = encoded = EncodedSnapshot(self.encoder, arrays)
        return encoded

    def _rank_chunk(self, encoded: EncodedSnapshot, rows: Int64, k: int, only_new: bool, least_new: int) -> RankedLists:
        candidates = draw_candidates(encoded.arrays, rows, self.num_candidates)
        users = encoded.encode_users(rows)
        _, scores = self._score_pairs(encoded, rows, users, candidates)
        is_new = candidates.history_rows < 0
        if only_new:
            candidates, scores, is_new = candidates.take(is_new), scores[is_new], is_new[is_new]
        order, ranks = rank_top(candidates.user_rows, scores, k, np.flatnonzero(is_new), least_new)
        chosen, scores = candidates.take(order), scores[order]
        reasons = cite(chosen, scores, lambda pairs: self._score_pairs(encoded, rows, users, pairs).product_scores)
        return RankedLists.lay_out(encoded.arrays, chosen, ranks, scores, reasons)

    def _score_pairs(
        self, encoded: EncodedSnapshot, rows: Int64, users: UserInputs, pairs: Candidates
    ) -> ModelOutputs[np.ndarray]:
        """Encode pairs of user rows and run the network, a slice at a time; `users` are those rows, encoded."""
        owners = np.searchsorted(rows, pairs.user_rows)
        parts = [
            self.run(
                join_inputs(users.take(some), encoded.encode_pairs(pairs.take(theirs)), owners[theirs] - some.start)
            )
            for some, theirs in slice_pairs(owners, len(rows))
        ]
        return parts[0] if len(parts) == 1 else ModelOutputs(*map(np.concatenate, zip(*parts, strict=True)))


def _known_rows(arrays: SnapshotArrays, user_ids: Int64) -> Int64:
    rows = np.unique(arrays.find_users(np.asarray(user_ids, dtype=np.int64)))
    return rows[rows >= 0]


def lay_out_categories(user_ids: Int64, category_ids: Int64, probabilities: Float32) -> pl.DataFrame:
    """Lay out probabilities float32[U, C]: user_id, category_id, score."""
    return pl.DataFrame(
        {
            "user_id": np.repeat(user_ids, len(category_ids)),
            "category_id": np.tile(category_ids, len(user_ids)),
            "score": probabilities.ravel(),
        }
    )
