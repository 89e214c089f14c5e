"""Moves of the alias `champion`: compare-and-set under a lock, one at a time, each with an audit row.

MLflow knows no compare-and-set, so the lock is the platform's database: the audit row and the check of the alias lie
in one transaction for writing, and one of these is open at a time. Moves in MLflow's UI pass by this file; whoever sees
one notes it here. A version is told by its number and its run: the number may come again for another one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import TimeoutError as WaitedTooLongError
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import AuditLog, name_model
from training.registry.client import CHAMPION, CONTENTS, GIVEN_BY, TAKEN_BY, Registry
from training.registry.eligibility import REASON, VERDICT

SUBJECT = f"alias/{CHAMPION}"
SERVED = f"served/{CHAMPION}"
MODEL_SERVER = "model server"
DELIVERY, RUN, MODEL = "delivery", "run_id", "model"
"""Of the details of a row: MLflow's call that told of the move, and run and name in batches of the version it went to.
"""
RECENT_ROWS = 100
_LAST_MOVE = select(AuditLog).where(AuditLog.subject == SUBJECT).order_by(AuditLog.audit_id.desc())
_LAST_SERVED = select(AuditLog).where(AuditLog.subject == SERVED).order_by(AuditLog.audit_id.desc())
LOCK_SECONDS = 30
LOCK_NAME_LENGTH = 64  # MySQL takes no longer one
NO_LOGIN = "someone without a login, in MLflow"
DELETER = "whoever deleted the version, in MLflow"


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
        engine: the platform's database.
        version: number that shall serve.
        expected: number that the alias points at now, None if nowhere.
        actor: who moves.
        why: for the audit log.

    Raises:
        MoveError: the alias points elsewhere by now.
        RegistryError: MLflow does not answer, or has no such version.
    """
    tags, run_id = registry.tags(version), registry.run_id_of(version)
    with _one_at_a_time(engine) as session:
        found = registry.resolve_alias(CHAMPION)
        if found != expected:
            raise MoveError(
                f"{CHAMPION!r} points at version {found} by now, not at {expected}: somebody moved it meanwhile. Look "
                "at both versions again, then repeat with the new number."
            )
        registry.set_alias(CHAMPION, version)
        if found != version:
            session.add(_to_row(actor, found, version, why, _describe(version, tags, run_id)))
    return Move(found, version)


def note_move(registry: Registry, engine: Engine, version: int | None, delivery: str | None = None) -> bool:
    """Write the audit row of a move that was seen, or told by MLflow, and not made here.

    Args:
        registry: where the version's verdict stands.
        engine: the platform's database.
        version: that the alias names; `None` where it was taken away.
        delivery: id of MLflow's call; the same call again writes nothing.

    Returns:
        Whether it was new.
    """
    with _one_at_a_time(engine) as session:
        last = session.scalars(_LAST_MOVE.limit(1)).first()
        previous = int(last.to_value) if last and last.to_value else None
        run_id = None if version is None else registry.run_id_of(version)
        if (previous == version and _is_of_run(last, run_id)) or (delivery and _is_noted(session, delivery)):
            return False
        why = "found when the audit began" if last is None else "moved in MLflow"
        tags = {} if version is None else registry.tags(version)
        mover = _name_mover(registry, previous, version, tags)
        details = {**_describe(version, tags, run_id), DELIVERY: delivery}
        session.add(_to_row(mover, previous, version, why, details))
    return True


def note_served(engine: Engine, version: int, run_id: str) -> bool:
    """Write down that a version serves: moves of the alias tell what was wanted, these rows what shoppers got.

    Args:
        engine: the platform's database.
        version: number.
        run_id: its run.

    Returns:
        Whether another one, or none, served before.
    """
    with _one_at_a_time(engine) as session:
        last = session.scalars(_LAST_SERVED.limit(1)).first()
        if last and last.to_value == str(version) and _is_of_run(last, run_id):
            return False
        row = AuditLog(actor=MODEL_SERVER, action="serve", subject=SERVED, to_value=str(version))
        row.from_value, row.details = last.to_value if last else None, {RUN: run_id}
        session.add(row)
    return True


def find_served_before(registry: Registry, engine: Engine, version: int | None) -> int | None:
    """Return the version that served last, other than one, and is still there; `None` if there is none."""
    with Session(engine) as session:
        rows = session.scalars(_LAST_SERVED.where(AuditLog.to_value != str(version)).limit(RECENT_ROWS)).all()
    numbers = {row.audit_id: int(str(row.to_value)) for row in rows}
    found = (numbers[row.audit_id] for row in rows if _is_there(registry, numbers[row.audit_id], row))
    return next(found, None)


def _is_there(registry: Registry, number: int, row: AuditLog) -> bool:
    """Return whether MLflow still holds the version of a row."""
    run_id = registry.find_run_id(number)
    return run_id is not None and _is_of_run(row, run_id)


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


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[Session]:
    """Open a transaction for writing, once no other of these is open: before the first row there is none to lock.

    SQLite has one writer, from the moment that its transaction begins. MySQL's named lock belongs to a connection, and
    is released after the commit.

    Raises:
        sqlalchemy.exc.TimeoutError: another one stayed open.
    """
    if engine.dialect.name == "sqlite":
        with _session_that_reads(engine) as session:
            yield session
        return
    name = func.concat(func.left(func.database(), LOCK_NAME_LENGTH - len(SUBJECT)), SUBJECT)
    with engine.connect() as guard:
        if not guard.scalar(select(func.get_lock(name, LOCK_SECONDS))):
            raise WaitedTooLongError(f"another move of {CHAMPION!r} is not over after {LOCK_SECONDS} s: try again")
        try:
            with _session_that_reads(engine) as session:
                yield session
        finally:
            guard.scalar(select(func.release_lock(name)))


@contextmanager
def _session_that_reads(engine: Engine) -> Iterator[Session]:
    """Begin the transaction for writing, on a log that is there: no alias moves without its row."""
    with session_scope(engine) as session:
        session.scalars(_LAST_MOVE.limit(1)).first()
        yield session


def _is_of_run(row: AuditLog | None, run_id: str | None) -> bool:
    """Return whether a row may be of a version's run; one that was written without a run may be of any."""
    known = (row.details or {}).get(RUN) if row else None
    return known is None or known == run_id


def _name_mover(registry: Registry, previous: int | None, version: int | None, tags: Mapping[str, str]) -> str:
    """Name who moved the alias in MLflow, whose login leaves a tag."""
    if version is not None or previous is None:
        return tags.get(GIVEN_BY, NO_LOGIN)
    left = registry.find_tags(previous)
    return DELETER if left is None else left.get(TAKEN_BY, NO_LOGIN)


def _describe(version: int | None, tags: Mapping[str, str], run_id: str | None) -> dict[str, str | None]:
    contents = tags.get(CONTENTS)  # a version that was registered by hand has none
    model = name_model(version, contents) if version is not None and contents else None
    return {VERDICT: tags.get(VERDICT), REASON: tags.get(REASON), RUN: run_id, MODEL: model}


def _to_row(
    actor: str, previous: int | None, version: int | None, why: str, details: dict[str, str | None]
) -> AuditLog:
    return AuditLog(
        actor=actor[:100],
        action=_name_action(previous, version),
        subject=SUBJECT,
        from_value=None if previous is None else str(previous),
        to_value=None if version is None else str(version),
        reason=why,
        details=details,
    )


def _name_action(previous: int | None, version: int | None) -> str:
    if version is None:
        return "take away"
    return "promote" if previous is None or version >= previous else "roll back"
