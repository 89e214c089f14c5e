"""Past snapshots read a part of the users at a time are those of all purchases in memory."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from features.rebuild import build_snapshot
from features.snapshot import item_neighbours
from features.snapshot.past import SpreadPurchases, spread_purchases
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import TABLES
from features.snapshot.workspace import FOLDER
from features.store import MLStore
from tests.support.synthetic import AS_OF

GLOBAL = ("products", "categories", "neighbours", "tastes")
PAST = AS_OF - timedelta(days=56)


@pytest.fixture(scope="module", autouse=True)
def few_teachers() -> Iterator[None]:
    """Fewer users teach what goes together than there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_neighbours, "MAX_USERS", 25)
        yield


@pytest.fixture(scope="module")
def in_memory(odd_store: MLStore) -> Purchases:
    return load_purchases(odd_store, AS_OF)


@pytest.fixture(scope="module")
def spread(odd_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> SpreadPurchases:
    scratch = tmp_path_factory.mktemp("lines")
    return spread_purchases(odd_store, AS_OF, odd_store.versions(), scratch, lines_of_a_part=2000)


def test_the_shop_has_several_parts(spread: SpreadPurchases, in_memory: Purchases) -> None:
    parts = [part.lines.height for part in spread.load_parts()]

    assert len(parts) > 1
    assert min(parts) > 0
    assert sum(parts) == in_memory.lines.height


def test_a_past_snapshot_of_all_users_is_that_of_all_purchases(spread: SpreadPurchases, in_memory: Purchases) -> None:
    expected = build_snapshot(in_memory.before(PAST))
    everybody = spread.load_users(in_memory.user_ids["user_id"].to_numpy())

    found = spread.build_snapshot(PAST, everybody)

    for table in TABLES:
        assert getattr(found, table).equals(getattr(expected, table)), table
    assert not [path for path in Path(spread.workspace.store.uri, FOLDER).iterdir() if "past" in path.name]


def test_some_users_are_described_as_among_all(spread: SpreadPurchases, in_memory: Purchases) -> None:
    expected = build_snapshot(in_memory.before(PAST))
    some = in_memory.user_ids["user_id"].gather_every(7)

    found = spread.build_snapshot(PAST, spread.load_users(some.to_numpy()))

    for table in ("users", "user_categories", "history"):
        theirs = getattr(expected, table).filter(pl.col("user_id").is_in(some.implode()))
        assert 0 < theirs.height < getattr(expected, table).height
        assert getattr(found, table).equals(theirs), table
    for table in GLOBAL:
        assert getattr(found, table).equals(getattr(expected, table)), table
