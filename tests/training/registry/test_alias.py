"""Moves of the alias, on every database that the audit log may be in."""

import threading

from sqlalchemy import Engine

from tests.training.registry.conftest import SmallRegistry, at_once, list_rows
from training.registry.alias import MoveError, move_champion
from training.registry.client import CONTENTS


def test_of_the_first_two_moves_at_once_one_wins(any_empty_shop: Engine, registry: SmallRegistry) -> None:
    registry.barrier = threading.Barrier(2)
    moved, told = [], []

    def move(version: int) -> None:
        try:
            moved.append(move_champion(registry, any_empty_shop, version, None, actor="test", why=""))
        except MoveError as err:
            told.append(str(err))

    at_once(lambda: move(1), lambda: move(2))

    [winner] = moved
    assert len(told) == 1
    assert f"points at version {winner.version} by now, not at None" in told[0]
    assert [(row.from_value, row.to_value) for row in list_rows(any_empty_shop)] == [(None, str(winner.version))]


def test_the_row_of_a_move_names_the_files_of_the_version(empty_shop: Engine, registry: SmallRegistry) -> None:
    registry.written[1] = {CONTENTS: "0123456789abcdef"}

    move_champion(registry, empty_shop, 1, None, actor="test", why="")
    move_champion(registry, empty_shop, 2, 1, actor="test", why="registered by hand, without the tag")

    assert [row.details and row.details["model"] for row in list_rows(empty_shop)] == ["v1-0123456789ab", None]
