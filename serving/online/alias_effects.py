"""Effects of a moved alias in the platform's database: an audit row, and the kept lists of a version that serves again.

So a rollback restores lists in seconds, whether Airflow runs or not. A version without kept lists waits for the
workflow `score_users`.
"""

import logging
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from serving.batch.batch_state import move_pointer, open_batch
from serving.online.webhook import AliasEvent
from shop.tables import HOME, BatchPointer, RecommendationBatch, is_of_model, name_model
from training.registry.audit_log import find_lost_champion, note_seen, note_served, note_told
from training.registry.client import CHAMPION, NamedVersion, Registry

logger = logging.getLogger(__name__)


class Followup:
    """Follows one alias, for one watcher."""

    def __init__(self, registry: Registry, engine: Engine):
        """Write nothing yet.

        Args:
            registry: where the verdicts of versions stand.
            engine: the platform's database.
        """
        self._registry = registry
        self._engine = engine

    def hear(self, event: AliasEvent) -> None:
        """Write down what MLflow told of the alias.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the platform's database does not answer.
            training.registry.errors.RegistryError: MLflow does not answer.
        """
        if (event.model_name, event.alias) == (self._registry.model_name, CHAMPION):
            is_new = note_told(self._registry, self._engine, event.version, event.sent_at, event.delivery)
            logger.info("alias move told to=%s delivery=%s is_new=%s", event.version, event.delivery, is_new)

    def note_served(self, named: NamedVersion) -> None:
        """Write down that the model server ranks with a version.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the platform's database does not answer.
        """
        note_served(self._engine, *named)

    def find_lost(self) -> int | None:
        """Return the version that carried the alias last, for when none does.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the platform's database does not answer.
        """
        return find_lost_champion(self._engine)

    def see(self, named: NamedVersion | None, seen_at: datetime) -> None:
        """Write down that the alias was seen at a version, or nowhere, if nobody else did.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the platform's database does not answer.
            training.registry.errors.RegistryError: MLflow does not answer.
        """
        if note_seen(self._registry, self._engine, named, seen_at):
            logger.info("alias move seen to=%s", named and named.number)

    def show_kept_lists(self, version: int, contents: str, has_moved: bool) -> None:
        """Point at the newest kept batch of a version that serves, if shoppers see another version's lists.

        Asked at every look, since a scoring that resolved the alias earlier may publish after it has moved on.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the platform's database does not answer.
            serving.batch.batch_state.PublicationError: another run published meanwhile.
        """
        if batch_id := show_kept_lists(self._engine, name_model(version, contents), has_moved):
            logger.info("kept lists shown again version=%s batch_id=%s", version, batch_id)


def show_kept_lists(engine: Engine, model: str, has_moved: bool = True) -> str | None:
    """Point at the newest complete batch of a version, under a new epoch.

    Args:
        engine: the platform's database.
        model: that serves, as `name_model` names it: a number that came again is another model.
        has_moved: whether it is new. If not, lists that somebody published by naming their version stay.

    Returns:
        The batch; `None` where shoppers see the version already, or no lists of it are kept.

    Raises:
        serving.batch.batch_state.PublicationError: another run published meanwhile.
    """
    shown = _fetch_shown(engine)
    if shown and (is_of_model(shown.batch_id, model) or (shown.alias is None and not has_moved)):
        return None
    with Session(engine) as session:
        published = select(RecommendationBatch).where(RecommendationBatch.state == "published")
        newest = published.order_by(RecommendationBatch.as_of.desc(), RecommendationBatch.epoch.desc())
        kept = next((batch for batch in session.scalars(newest) if is_of_model(batch.batch_id, model)), None)
    if kept is None:
        return None
    batch = open_batch(engine, kept.batch_id, kept.as_of, kept.model_version, CHAMPION)
    if not batch.is_complete:  # it was retired in this very moment
        return None
    move_pointer(engine, batch)
    return batch.batch_id


def _fetch_shown(engine: Engine) -> RecommendationBatch | None:
    """Return the batch that shoppers see; `None` before the first publication."""
    query = select(RecommendationBatch).join(BatchPointer, BatchPointer.batch_id == RecommendationBatch.batch_id)
    with Session(engine) as session:
        return session.scalar(query.where(BatchPointer.name == HOME))
