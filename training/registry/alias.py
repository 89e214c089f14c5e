"""Moves of the alias `champion`: compare-and-set under a lock, one at a time, each with an audit row.

MLflow knows no compare-and-set, so the lock is the shop's database: the audit row and the check of the alias lie in one
transaction for writing. Moves in MLflow's UI pass by this file; whoever sees one notes it here.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import AuditLog
from training.registry.client import CHAMPION, GIVEN_BY, TAKEN_BY, Registry
from training.registry.eligibility import REASON, VERDICT

SUBJECT = f"alias/{CHAMPION}"
SERVED = f"served/{CHAMPION}"
MODEL_SERVER = "model server"
DELIVERY = "delivery"
RECENT_ROWS = 100
_LAST_MOVE = select(AuditLog).where(AuditLog.subject == SUBJECT).order_by(AuditLog.audit_id.desc())
SOMEBODY = "MLflow"
"""Who moves the alias in MLflow's UI or API, where that has no login, or the version is gone."""


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


def note_move(registry: Registry, engine: Engine, version: int | None, delivery: str | None = None) -> bool:
    """Write the audit row of a move that was seen, or told by MLflow, and not made here.

    Args:
        registry: where the version's verdict stands.
        engine: the shop's database.
        version: that the alias names; `None` where it was taken away.
        delivery: id of MLflow's call; the same call again writes nothing.

    Returns:
        Whether it was new.
    """
    with session_scope(engine) as session:
        last = _lock_last(session)
        previous = int(last.to_value) if last and last.to_value else None
        if previous == version or (delivery and _is_noted(session, delivery)):
            return False
        why = "found when the audit began" if last is None else "moved in MLflow"
        tags = {} if version is None else registry.tags(version)
        if version is None and previous is not None:
            mover = registry.find_tag(previous, TAKEN_BY)
        else:
            mover = tags.get(GIVEN_BY)
        row = _to_row(mover or SOMEBODY, previous, version, why, tags)
        row.details = {**(row.details or {}), DELIVERY: delivery}
        session.add(row)
    return True


def note_served(engine: Engine, version: int) -> bool:
    """Write down that a version serves: moves of the alias tell what was wanted, these rows what shoppers got.

    Returns:
        Whether another one, or none, served before.
    """
    query = select(AuditLog).where(AuditLog.subject == SERVED).order_by(AuditLog.audit_id.desc()).limit(1)
    with session_scope(engine) as session:
        last = session.scalars(query.with_for_update()).first()
        if last and last.to_value == str(version):
            return False
        before = last.to_value if last else None
        session.add(
            AuditLog(actor=MODEL_SERVER, action="serve", subject=SERVED, from_value=before, to_value=str(version))
        )
    return True


def find_served_before(engine: Engine, version: int | None) -> int | None:
    """Return the version that served last, other than one; `None` if there is none."""
    query = select(AuditLog.to_value).where(AuditLog.subject == SERVED, AuditLog.to_value != str(version))
    with Session(engine) as session:
        found = session.scalars(query.order_by(AuditLog.audit_id.desc()).limit(1)).first()
    return int(found) if found else None


def find_lost_champion(engine: Engine) -> int | None:
    """Return the version that carried the alias last, for when none does; `None` if none ever did."""
    with Session(engine) as session:
        last = session.scalars(_LAST_MOVE).first()
    found = (last.to_value or last.from_value) if last else None
    return int(found) if found else None


def describe_no_champion(model_name: str, lost: int | None) -> str:
    """Say that no version carries the alias: for the first time, or since it was taken away.

    Args:
        model_name: of the registered model.
        lost: version that carried it last.
    """
    if lost is None:
        return f"no version of {model_name!r} carries the alias {CHAMPION!r} yet"
    return (
        f"the alias {CHAMPION!r} of {model_name!r} is gone, version {lost} carried it last and what serves goes on: "
        f"give it back, `make promote VERSION={lost}`, or to another version"
    )


def _is_noted(session: Session, delivery: str) -> bool:
    recent = session.scalars(_LAST_MOVE.limit(RECENT_ROWS))
    return any((row.details or {}).get(DELIVERY) == delivery for row in recent)


def _lock_last(session: Session) -> AuditLog | None:
    """Return the last move; whoever else asks waits until this transaction is over."""
    return session.scalars(_LAST_MOVE.limit(1).with_for_update()).first()


def _to_row(actor: str, previous: int | None, version: int | None, why: str, tags: dict[str, str]) -> AuditLog:
    return AuditLog(
        actor=actor[:100],
        action=_name_action(previous, version),
        subject=SUBJECT,
        from_value=None if previous is None else str(previous),
        to_value=None if version is None else str(version),
        reason=why,
        details={VERDICT: tags.get(VERDICT), REASON: tags.get(REASON)},
    )


def _name_action(previous: int | None, version: int | None) -> str:
    if version is None:
        return "take away"
    return "promote" if previous is None or version > previous else "roll back"
