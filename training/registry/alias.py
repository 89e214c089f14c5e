"""Moves of the alias `champion`: compare-and-set under a lock, one at a time, each with an audit row.

MLflow knows no compare-and-set, so the lock is the shop's database: the audit row and the check of the alias lie in one
transaction for writing. Moves in MLflow's UI pass by this file; whoever sees one notes it here.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import AuditLog
from training.registry.client import CHAMPION, Registry
from training.registry.eligibility import REASON, VERDICT

SUBJECT = f"alias/{CHAMPION}"
SOMEBODY = "MLflow"
"""Who moves the alias in MLflow's UI or API: MLflow does not tell."""


class MoveError(Exception):
    """The alias was not moved; the message says what to do."""


@dataclass(frozen=True)
class Move:
    """From which version to which; `previous` is None for the first champion."""

    previous: int | None
    version: int


def move_champion(
    registry: Registry, engine: Engine, version: int, expected: int | None, *, actor: str, why: str
) -> Move:
    """Move the alias, if it is where the mover believes it to be.

    Args:
        registry: where the alias lives.
        engine: the shop's database.
        version: number that shall serve.
        expected: number that the alias points at now, None if nowhere.
        actor: who moves.
        why: for the audit log.

    Raises:
        MoveError: the alias points elsewhere by now.
        RegistryError: MLflow does not answer, or has no such version.
    """
    tags = registry.tags(version)
    with session_scope(engine) as session:
        _lock_last(session)
        found = registry.resolve_alias(CHAMPION)
        if found != expected:
            raise MoveError(
                f"{CHAMPION!r} points at version {found} by now, not at {expected}: somebody moved it meanwhile. Look "
                "at both versions again, then repeat with the new number."
            )
        registry.set_alias(CHAMPION, version)
        if found != version:
            session.add(_to_row(actor, found, version, why, tags))
    return Move(found, version)


def note_move(registry: Registry, engine: Engine, version: int) -> bool:
    """Write the audit row of a move that was seen and not made here.

    Args:
        registry: where the version's verdict stands.
        engine: the shop's database.
        version: at which the alias points.

    Returns:
        Whether it was new.
    """
    with session_scope(engine) as session:
        last = _lock_last(session)
        previous = int(last.to_value) if last and last.to_value else None
        if previous == version:
            return False
        why = "moved in MLflow" if previous is not None else "found when the audit began"
        session.add(_to_row(SOMEBODY, previous, version, why, registry.tags(version)))
    return True


def find_previous(engine: Engine, version: int) -> int | None:
    """Return the version that served before one, as the audit log has it."""
    with Session(engine) as session:
        arrived = session.scalars(
            select(AuditLog)
            .where(AuditLog.subject == SUBJECT, AuditLog.to_value == str(version))
            .order_by(AuditLog.audit_id.desc())
        ).first()
    return int(arrived.from_value) if arrived and arrived.from_value else None


def _lock_last(session: Session) -> AuditLog | None:
    """Return the last move; whoever else asks waits until this transaction is over."""
    query = select(AuditLog).where(AuditLog.subject == SUBJECT).order_by(AuditLog.audit_id.desc()).limit(1)
    return session.scalars(query.with_for_update()).first()


def _to_row(actor: str, previous: int | None, version: int, why: str, tags: dict[str, str]) -> AuditLog:
    return AuditLog(
        actor=actor[:100],
        action="promote" if previous is None or version > previous else "roll back",
        subject=SUBJECT,
        from_value=None if previous is None else str(previous),
        to_value=str(version),
        reason=why,
        details={VERDICT: tags.get(VERDICT), REASON: tags.get(REASON)},
    )
