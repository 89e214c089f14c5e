"""Writes of the merchant's rules, each with who made it, in one transaction; and the list of those changes."""

from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.orm import Session

from api.queries.rules import Rule, fetch_rules
from shop.database import session_scope
from shop.tables import BusinessRule, BusinessRuleChange
from shop.tables.types import UtcDateTime

MOST_CHANGES = 200

Check = Callable[[Collection[Rule]], None]
"""Looks at the other rules before one is written, and raises what keeps it from being so."""


class Change(NamedTuple):
    """A change of a rule: what it was before, and what after; `None` where there was none."""

    change_id: int
    rule_id: int
    changed_by: str
    changed_at: UtcDateTime
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def create_rule(engine: Engine, rule: Rule, changed_by: str, check: Check) -> Rule:
    """Write a new rule; returns it with its id.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    with session_scope(engine) as session:
        check(fetch_rules(session.connection()))
        result = session.execute(insert(BusinessRule).values(_to_row(rule)))
        written = replace(rule, rule_id=result.inserted_primary_key[0])  # type: ignore[attr-defined]
        _note(session, changed_by, None, written)
        return written


def replace_rule(engine: Engine, rule: Rule, changed_by: str, check: Check) -> bool:
    """Write a rule over the one with its id. What is the same already is not noted again.

    Returns:
        Whether there is such a rule.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    with session_scope(engine) as session:
        rules = {each.rule_id: each for each in fetch_rules(session.connection())}
        before = rules.pop(rule.rule_id, None)
        if before is None:
            return False
        if before != rule:
            check(rules.values())
            session.execute(update(BusinessRule).where(BusinessRule.rule_id == rule.rule_id).values(_to_row(rule)))
            _note(session, changed_by, before, rule)
        return True


def delete_rule(engine: Engine, rule_id: int, changed_by: str) -> bool:
    """Delete a rule; what was noted of it stays.

    Returns:
        Whether there was such a rule.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    with session_scope(engine) as session:
        before = next((each for each in fetch_rules(session.connection()) if each.rule_id == rule_id), None)
        if before is None:
            return False
        session.execute(delete(BusinessRule).where(BusinessRule.rule_id == rule_id))
        _note(session, changed_by, before, None)
        return True


def fetch_changes(connection: Connection) -> list[Change]:
    """Read the latest changes, the last one first."""
    columns = (
        BusinessRuleChange.change_id,
        BusinessRuleChange.rule_id,
        BusinessRuleChange.changed_by,
        BusinessRuleChange.created_at,
        BusinessRuleChange.before,
        BusinessRuleChange.after,
    )
    rows = connection.execute(select(*columns).order_by(BusinessRuleChange.change_id.desc()).limit(MOST_CHANGES))
    return [Change._make(row) for row in rows]


def _note(session: Session, changed_by: str, before: Rule | None, after: Rule | None) -> None:
    rule = after or before
    assert rule is not None
    values = {"rule_id": rule.rule_id, "changed_by": changed_by, "before": _to_json(before), "after": _to_json(after)}
    session.execute(insert(BusinessRuleChange).values(values))


def _to_row(rule: Rule) -> dict[str, Any]:
    row = asdict(rule)
    del row["rule_id"]
    return row


def _to_json(rule: Rule | None) -> dict[str, Any] | None:
    """Write a rule with its dates as text."""
    if rule is None:
        return None
    dates = {name: at and at.isoformat() for name, at in (("starts_at", rule.starts_at), ("ends_at", rule.ends_at))}
    return _to_row(rule) | dates
