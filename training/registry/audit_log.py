"""Audit log of the alias `champion`: each move, with who and why, and each version that served.

MLflow's calls overtake each other. Each leaves a row, known by its delivery id, whose place is when MLflow first sent
it, and the row after it then says where the alias came from. A move that was made here, or seen by a look before MLflow
tells of it, has a row already: the call is written into that one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import TimeoutError as WaitedTooLongError
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import CHAMPION_MOVED, SET_AGAIN, AuditLog, name_model
from training.registry.client import CHAMPION, CONTENTS, GIVEN_BY, TAKEN_BY, NamedVersion, Registry
from training.registry.eligibility import REASON, VERDICT

SERVED = f"served/{CHAMPION}"
MODEL_SERVER = "model server"
DELIVERY, RUN, MODEL = "delivery", "run_id", "model"
"""Of the details of a row: MLflow's call that told of the move, and run and name in batches of the version it went to.
"""
FOUND, SEEN = "found when the audit began", "moved in MLflow"
"""Why, of moves that were not made here: what they came from is what the row before says."""
MADE_BEFORE, SEEN_AFTER = timedelta(seconds=5), timedelta(seconds=30)
"""How long before MLflow's call about it a move may have been made here, and how long after it may have been seen:
clocks differ, calls queue, and a look may come late."""
RECENT_ROWS = 100
ACTOR_LENGTH = 100  # of the column
_NEWEST_FIRST = (AuditLog.occurred_at.desc(), AuditLog.audit_id.desc())
_LAST_MOVE = select(AuditLog).where(AuditLog.subject == CHAMPION_MOVED).order_by(*_NEWEST_FIRST)
_LAST_SERVED = select(AuditLog).where(AuditLog.subject == SERVED).order_by(AuditLog.audit_id.desc())
LOCK_SECONDS = 30
LOCK_NAME_LENGTH = 64  # MySQL takes no longer one
NO_LOGIN = "someone without a login, in MLflow"
DELETER = "whoever deleted the version, in MLflow"


def describe_move(version: int | None, tags: Mapping[str, str], run_id: str | None) -> dict[str, str | None]:
    """Return the details of a move's row: the verdict on the version that it went to, and which one that is."""
    contents = tags.get(CONTENTS)  # a version that was registered by hand has none
    model = name_model(version, contents) if version is not None and contents else None
    return {VERDICT: tags.get(VERDICT), REASON: tags.get(REASON), RUN: run_id, MODEL: model}


def note_told(registry: Registry, engine: Engine, version: int | None, sent_at: datetime, delivery: str) -> bool:
    """Write what MLflow told of the alias: each delivery once, in whatever order they come.

    Args:
        registry: where the version's verdict stands; the version itself may be gone by now.
        engine: the platform's database.
        version: that the alias was given to; `None` where it was taken away.
        sent_at: when MLflow first sent the call.
        delivery: its id; the same call again writes nothing.

    Returns:
        Whether it was new.
    """
    run_id = None if version is None else registry.find_run_id(version)
    with one_move_at_a_time(engine) as session:
        rows = _load_recent(session)
        if any(_detail(row, DELIVERY) == delivery for row in rows):
            return False
        row = _find_untold(rows, version, run_id, sent_at) or _add_seen(registry, session, rows, version, run_id)
        row.occurred_at = sent_at
        row.details = {**(row.details or {}), DELIVERY: delivery}
        _put_in_order(registry, rows)
    return True


def note_seen(registry: Registry, engine: Engine, named: NamedVersion | None, seen_at: datetime) -> bool:
    """Write that a look found the alias at a version, or nowhere, if no row around that instant says so.

    Args:
        registry: where the version's verdict stands.
        engine: the platform's database.
        named: that carries the alias.
        seen_at: when MLflow was asked.

    Returns:
        Whether it was new.
    """
    version, run_id = named or (None, None)
    with Session(engine) as session:
        if _says(session.scalars(_LAST_MOVE.limit(1)).first(), _to_text(version), run_id):
            return False
    with one_move_at_a_time(engine) as session:
        rows = _load_recent(session)
        earlier = [row for row in rows if row.occurred_at <= seen_at]
        around = rows[max(len(earlier) - 1, 0) : len(earlier) + 1]
        if any(_says(row, _to_text(version), run_id) for row in [*around, *rows[-1:]]):
            return False
        _add_seen(registry, session, rows, version, run_id).occurred_at = seen_at
        _put_in_order(registry, rows)
    return True


def _load_recent(session: Session) -> list[AuditLog]:
    """Return the newest rows of moves, the earliest first."""
    return list(reversed(session.scalars(_LAST_MOVE.limit(RECENT_ROWS)).all()))


def _find_untold(
    rows: Sequence[AuditLog], version: int | None, run_id: str | None, sent_at: datetime
) -> AuditLog | None:
    """Return the row of a move that was made or seen here, before MLflow tells of it; `None` if there is none.

    Nothing but the same may be known of the time between the two.
    """
    same = [row for row in rows if _says(row, _to_text(version), run_id)]
    others = [row.occurred_at for row in rows if row not in same]
    untold = [
        row
        for row in same
        if _detail(row, DELIVERY) is None
        and -MADE_BEFORE <= row.occurred_at - sent_at <= SEEN_AFTER
        and not any(min(row.occurred_at, sent_at) < other < max(row.occurred_at, sent_at) for other in others)
    ]
    return min(untold, key=lambda row: abs(row.occurred_at - sent_at), default=None)


def _add_seen(
    registry: Registry, session: Session, rows: list[AuditLog], version: int | None, run_id: str | None
) -> AuditLog:
    """Add the row of a move that was not made here, to the rows too; when it was is still to be said."""
    tags = {} if version is None else registry.find_tags(version) or {}
    row = AuditLog(
        actor=tags.get(GIVEN_BY, NO_LOGIN)[:ACTOR_LENGTH],
        subject=CHAMPION_MOVED,
        action=_name_action(None, _to_text(version), run_id),
        to_value=_to_text(version),
        reason=SEEN if rows else FOUND,
        details=describe_move(version, tags, run_id),
    )
    session.add(row)
    rows.append(row)
    return row


def _put_in_order(registry: Registry, rows: list[AuditLog]) -> None:
    """Sort rows by when they happened, and let each that was not made here come from where the one before went to."""
    rows.sort(key=lambda row: row.occurred_at)
    for before, row in pairwise(rows):
        if row.reason not in (FOUND, SEEN):
            continue  # who made it knew from where
        if row.to_value is None and before.to_value is not None and before.to_value != row.from_value:
            row.actor = _name_taker(registry, int(before.to_value))[:ACTOR_LENGTH]
        row.from_value = before.to_value
        row.action = _name_action(before, row.to_value, _detail(row, RUN))


def _name_action(before: AuditLog | None, to_value: str | None, run_id: str | None) -> str:
    """Say what a move does, given the row of the one before."""
    if to_value is None:
        return "take away"
    if before is None or before.to_value is None:
        return "promote"
    if _says(before, to_value, run_id):
        return SET_AGAIN
    return "promote" if int(to_value) >= int(before.to_value) else "roll back"


def _says(row: AuditLog | None, to_value: str | None, run_id: str | None) -> bool:
    """Return whether a row says that the alias is at a version; one that was written without a run may be of any."""
    return row is not None and row.to_value == to_value and _is_of_run(row, run_id)


def _is_of_run(row: AuditLog, run_id: str | None) -> bool:
    return _detail(row, RUN) in (None, run_id)


def _detail(row: AuditLog, key: str) -> str | None:
    value = (row.details or {}).get(key)
    return None if value is None else str(value)


def _to_text(version: int | None) -> str | None:
    return None if version is None else str(version)


def _name_taker(registry: Registry, version: int) -> str:
    """Name who took the alias away from a version in MLflow, whose login leaves a tag."""
    tags = registry.find_tags(version)
    return DELETER if tags is None else tags.get(TAKEN_BY, NO_LOGIN)


def note_served(engine: Engine, version: int, run_id: str) -> bool:
    """Write down that a version serves: moves of the alias tell what was wanted, these rows what shoppers got.

    Args:
        engine: the platform's database.
        version: number.
        run_id: its run.

    Returns:
        Whether another one, or none, served before.
    """
    with one_move_at_a_time(engine) as session:
        last = session.scalars(_LAST_SERVED.limit(1)).first()
        if _says(last, str(version), run_id):
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


@contextmanager
def one_move_at_a_time(engine: Engine) -> Iterator[Session]:
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
    name = func.concat(func.left(func.database(), LOCK_NAME_LENGTH - len(CHAMPION_MOVED)), CHAMPION_MOVED)
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
