import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine

from shop.tables import SET_AGAIN
from tests.training.registry.conftest import SmallRegistry, at_once, list_rows
from training.registry.alias import move_champion
from training.registry.audit_log import (
    DELETER,
    MADE_BEFORE,
    NO_LOGIN,
    RECENT_ROWS,
    SEEN_AFTER,
    find_lost_champion,
    find_served_before,
    note_seen,
    note_served,
    note_told,
)
from training.registry.client import CONTENTS, TAKEN_BY, NamedVersion

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BETWEEN_MOVES = timedelta(milliseconds=400)
MOVES = [1, 2, 1, 2, 3, None, 2, 2, 3, 1, 3, None, 1] * 3
"""Versions that the alias was given to one after the other, `None` where it was taken away."""


def sent_at(number: int) -> datetime:
    return BEGIN + number * BETWEEN_MOVES


def tell(registry: SmallRegistry, engine: Engine, number: int) -> bool:
    """Deliver MLflow's call about one of the moves."""
    return note_told(registry, engine, MOVES[number], sent_at(number), f"delivery {number}")


def look(registry: SmallRegistry, engine: Engine, number: int) -> bool:
    """Note what a look after one of the moves, and before the next, has seen."""
    version = MOVES[number]
    named = None if version is None else NamedVersion(version, registry.run_ids[version])
    return note_seen(registry, engine, named, sent_at(number) + BETWEEN_MOVES / 2)


def list_moves(engine: Engine) -> list[tuple[str | None, str | None]]:
    return [(row.from_value, row.to_value) for row in list_rows(engine)]


def expected_moves() -> list[tuple[str | None, str | None]]:
    named = [None, *(None if version is None else str(version) for version in MOVES)]
    return list(pairwise(named))


@pytest.mark.parametrize("seed", range(5))
def test_every_call_leaves_its_row_where_it_was_sent_in_whatever_order_they_come(
    empty_shop: Engine, registry: SmallRegistry, seed: int
) -> None:
    coming = [*range(len(MOVES))] * 2
    random.Random(seed).shuffle(coming)

    for number in coming:
        tell(registry, empty_shop, number)

    assert list_moves(empty_shop) == expected_moves()
    assert [row.details["delivery"] for row in list_rows(empty_shop)] == [f"delivery {n}" for n in range(len(MOVES))]


@pytest.mark.parametrize("seed", range(5))
def test_looks_between_calls_add_no_row_to_theirs(empty_shop: Engine, registry: SmallRegistry, seed: int) -> None:
    coming = [(note, number) for number in range(len(MOVES)) for note in (tell, look)]
    random.Random(seed).shuffle(coming)

    for note, number in coming:
        note(registry, empty_shop, number)

    assert list_moves(empty_shop) == expected_moves()


def test_calls_that_come_at_once_leave_a_row_each(any_empty_shop: Engine, registry: SmallRegistry) -> None:
    for first in range(0, len(MOVES), 5):
        numbers = range(first, min(first + 5, len(MOVES)))
        at_once(*(lambda number=number: tell(registry, any_empty_shop, number) for number in numbers))

    assert list_moves(any_empty_shop) == expected_moves()


def test_a_call_about_a_move_that_was_made_here_is_written_into_its_row(
    empty_shop: Engine, registry: SmallRegistry
) -> None:
    move_champion(registry, empty_shop, 2, None, actor="ada", why="better")
    [made] = list_rows(empty_shop)

    assert note_told(registry, empty_shop, 2, made.occurred_at + MADE_BEFORE, "in time")
    assert note_told(registry, empty_shop, 2, made.occurred_at + MADE_BEFORE, "another one")

    first, second = list_rows(empty_shop)
    assert (first.actor, first.reason, first.details["delivery"]) == ("ada", "better", "in time")
    assert (second.actor, second.action, second.from_value) == (NO_LOGIN, SET_AGAIN, "2")


@pytest.mark.parametrize(
    ("after", "num_rows"),
    [(-SEEN_AFTER, 1), (-SEEN_AFTER - SECOND, 2), (MADE_BEFORE, 1), (MADE_BEFORE + SECOND, 2)],
    ids=["seen late", "seen later", "seen first", "long before"],
)
def test_a_call_is_of_the_move_that_was_seen_only_if_they_lie_close(
    empty_shop: Engine, registry: SmallRegistry, after: timedelta, num_rows: int
) -> None:
    note_seen(registry, empty_shop, NamedVersion(1, "a"), BEGIN)

    note_told(registry, empty_shop, 1, BEGIN + after, "told")

    assert len(list_rows(empty_shop)) == num_rows


def test_a_call_is_not_of_a_move_before_the_last(empty_shop: Engine, registry: SmallRegistry) -> None:
    note_seen(registry, empty_shop, NamedVersion(1, "a"), BEGIN)
    note_told(registry, empty_shop, 2, BEGIN + SECOND, "away")

    note_told(registry, empty_shop, 1, BEGIN + 2 * SECOND, "and back")

    assert list_moves(empty_shop) == [(None, "1"), ("1", "2"), ("2", "1")]


def test_who_made_a_move_knew_from_where(empty_shop: Engine, registry: SmallRegistry) -> None:
    registry.champion = 1
    move_champion(registry, empty_shop, 3, 1, actor="ada", why="better")
    [made] = list_rows(empty_shop)

    note_told(registry, empty_shop, 2, made.occurred_at - SECOND, "of a clock that is slow")

    assert list_moves(empty_shop) == [(None, "2"), ("1", "3")]


def test_a_version_that_is_gone_by_now_has_its_row(empty_shop: Engine, registry: SmallRegistry) -> None:
    note_told(registry, empty_shop, 1, BEGIN, "one")

    assert note_told(registry, empty_shop, 9, BEGIN + SECOND, "of a deleted version")

    assert list_moves(empty_shop) == [(None, "1"), ("1", "9")]


def test_an_old_log_is_read_in_part_and_says_where_the_alias_came_from(
    empty_shop: Engine, registry: SmallRegistry
) -> None:
    for number in range(RECENT_ROWS + 5):
        note_told(registry, empty_shop, 1 + number % 2, BEGIN + number * BETWEEN_MOVES, f"delivery {number}")

    assert list_moves(empty_shop)[-1] == ("2", "1")
    assert len(list_rows(empty_shop)) == RECENT_ROWS + 5
    assert find_lost_champion(empty_shop) == 1


def test_two_replicas_that_serve_first_leave_one_row(any_empty_shop: Engine) -> None:
    replicas = [lambda: note_served(any_empty_shop, 1, "a")] * 4

    at_once(*replicas)

    assert [(row.action, row.to_value) for row in list_rows(any_empty_shop)] == [("serve", "1")]


def test_a_number_that_came_again_is_another_version(empty_shop: Engine, registry: SmallRegistry) -> None:
    assert note_seen(registry, empty_shop, NamedVersion(1, "a"), BEGIN)
    assert note_served(empty_shop, 1, "a")
    successor = NamedVersion(1, "of the renamed model's successor")
    registry.run_ids[1] = successor.run_id

    assert note_seen(registry, empty_shop, successor, BEGIN + SECOND)
    assert not note_seen(registry, empty_shop, successor, BEGIN + timedelta(seconds=2))
    assert [row.action for row in list_rows(empty_shop) if row.subject == "alias/champion"] == ["promote", "promote"]
    assert note_served(empty_shop, *successor)
    assert not note_served(empty_shop, *successor)


def test_the_row_of_a_move_that_was_seen_names_the_files_of_the_version(
    empty_shop: Engine, registry: SmallRegistry
) -> None:
    registry.written[1] = {CONTENTS: "0123456789abcdef"}

    note_seen(registry, empty_shop, NamedVersion(1, "a"), BEGIN)

    assert [row.details and row.details["model"] for row in list_rows(empty_shop)] == ["v1-0123456789ab"]


def test_a_rollback_passes_over_numbers_that_are_gone_or_came_again(
    empty_shop: Engine, registry: SmallRegistry
) -> None:
    for version, run_id in ((1, "a"), (2, "b"), (9, "gone"), (3, "c")):
        note_served(empty_shop, version, run_id)
    registry.run_ids[2] = "another's"

    assert find_served_before(registry, empty_shop, 3) == 1


@pytest.mark.parametrize(
    ("is_deleted", "tags", "actor"),
    [(False, {TAKEN_BY: "ada"}, "ada"), (False, {}, NO_LOGIN), (True, {}, DELETER)],
    ids=["with a login", "without", "with its version"],
)
def test_the_row_of_a_lost_alias_says_what_is_known(
    empty_shop: Engine, registry: SmallRegistry, is_deleted: bool, tags: dict[str, str], actor: str
) -> None:
    note_seen(registry, empty_shop, NamedVersion(1, "a"), BEGIN)
    registry.written[1] = tags
    if is_deleted:
        del registry.run_ids[1]

    note_seen(registry, empty_shop, None, BEGIN + SECOND)

    assert [row.actor for row in list_rows(empty_shop)] == [NO_LOGIN, actor]
