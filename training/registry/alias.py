"""Moves of the alias `champion`: compare-and-set under a lock, one at a time, each with an audit row.

MLflow knows no compare-and-set, so the lock is the platform's database: the audit row and the check of the alias lie
in one transaction for writing, and one of these is open at a time. Moves in MLflow's UI pass by this file;
training/registry/audit_log.py notes them.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from shop.tables import CHAMPION_MOVED, AuditLog
from training.registry.audit_log import ACTOR_LENGTH, describe_move, one_move_at_a_time
from training.registry.client import CHAMPION, Registry


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
    with one_move_at_a_time(engine) as session:
        found = registry.resolve_alias(CHAMPION)
        if found != expected:
            raise MoveError(
                f"{CHAMPION!r} points at version {found} by now, not at {expected}: somebody moved it meanwhile. Look "
                "at both versions again, then repeat with the new number."
            )
        registry.set_alias(CHAMPION, version)
        if found != version:
            row = AuditLog(actor=actor[:ACTOR_LENGTH], subject=CHAMPION_MOVED, reason=why)
            row.from_value, row.to_value = None if found is None else str(found), str(version)
            row.action = "promote" if found is None or version > found else "roll back"
            row.details = describe_move(version, tags, run_id)
            session.add(row)
    return Move(found, version)


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
