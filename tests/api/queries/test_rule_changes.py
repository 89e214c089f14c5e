from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from api.queries.rule_changes import create_rule, delete_rule, fetch_changes, replace_rule
from api.queries.rules import Rule, fetch_rules, fetch_rules_version
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate

NOW = datetime(2026, 11, 29, 12, 0, 0, 123456, tzinfo=UTC)
RULE = Rule(0, "pin", "brand", None, "초코 & Co", 3, NOW, NOW + timedelta(days=1), True, "오늘만 🍫")


def agree(others: Collection[Rule]) -> None:
    """Let every rule be written."""


class ContradictionError(Exception):
    """Raised by a check."""


def contradict(others: Collection[Rule]) -> None:
    raise ContradictionError


def test_a_rule_is_written_changed_and_deleted_with_who_did_it(any_shop_url: str) -> None:
    engine: Engine = open_engine(any_shop_url)
    migrate(engine, PLATFORM)

    written = create_rule(engine, RULE, "민지", agree)
    versions = [_read_version(engine)]
    assert replace_rule(engine, Rule(written.rule_id, "hide", "product", 7), "서준", agree)
    versions.append(_read_version(engine))
    assert replace_rule(engine, Rule(written.rule_id, "hide", "product", 7), "Ana", agree)
    versions.append(_read_version(engine))
    with engine.connect() as connection:
        assert fetch_rules(connection) == [Rule(written.rule_id, "hide", "product", 7)]
    assert delete_rule(engine, written.rule_id, "Zoë")
    assert not delete_rule(engine, written.rule_id, "Zoë")
    assert not replace_rule(engine, written, "Zoë", agree)
    with pytest.raises(ContradictionError):
        create_rule(engine, RULE, "민지", contradict)

    with engine.connect() as connection:
        changes = fetch_changes(connection)
        assert fetch_rules(connection) == []
    assert [each.changed_by for each in changes] == ["Zoë", "서준", "민지"]
    assert versions[0] < versions[1] == versions[2]
    first = changes[-1]
    assert (first.before, changes[0].after) == (None, None)
    assert first.after is not None
    assert first.after["note"] == RULE.note
    assert datetime.fromisoformat(first.after["starts_at"]) == RULE.starts_at
    engine.dispose()


def _read_version(engine: Engine) -> int:
    with engine.connect() as connection:
        return fetch_rules_version(connection)
