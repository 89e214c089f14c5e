import pytest
from sqlalchemy import Engine, func, select

from serving.batch.retire import retire_old_batches
from shop.database import session_scope
from shop.tables import Recommendation, RecommendationBatch
from tests.serving.ranked import open_named, publish

LISTS = {1: [1, 3, 5], 2: [5, 3, 1], 3: [3, 1, 6]}


def batches_with_lists(engine: Engine) -> list[str]:
    with session_scope(engine) as session:
        return sorted(session.scalars(select(Recommendation.batch_id).distinct()))


def test_the_last_batches_stay_and_older_ones_go(tiny_shop: Engine) -> None:
    batches = [publish(tiny_shop, "1", LISTS, as_of_day=day).batch_id for day in range(20, 26)]

    retired = retire_old_batches(tiny_shop)

    assert retired == batches[2::-1]
    assert batches_with_lists(tiny_shop) == batches[3:]
    with session_scope(tiny_shop) as session:
        kept_rows = session.scalar(select(func.count()).select_from(RecommendationBatch))
        assert kept_rows == 6


def test_the_newest_batch_of_each_of_the_last_versions_stays(tiny_shop: Engine) -> None:
    for version, as_of_day in [("1", 20), ("1", 21), ("2", 21), ("3", 21), ("4", 21), ("4", 22), ("4", 23), ("4", 24)]:
        publish(tiny_shop, version, LISTS, as_of_day=as_of_day)

    retire_old_batches(tiny_shop)

    assert [name.split("-")[1] for name in batches_with_lists(tiny_shop)] == ["v2", "v3", "v4", "v4", "v4"]


def test_a_batch_that_is_being_written_stays(tiny_shop: Engine) -> None:
    for as_of_day in range(20, 26):
        publish(tiny_shop, "1", LISTS, as_of_day=as_of_day)
    writing = open_named(tiny_shop, publish(tiny_shop, "2", LISTS).as_of, "3", None)

    assert writing.batch_id not in retire_old_batches(tiny_shop)


def test_retiring_twice_retires_nothing_more(tiny_shop: Engine) -> None:
    for as_of_day in range(20, 26):
        publish(tiny_shop, "1", LISTS, as_of_day=as_of_day)

    assert retire_old_batches(tiny_shop)
    assert retire_old_batches(tiny_shop) == []


@pytest.mark.parametrize("page", [1, 2, 3])
def test_lists_go_in_pieces(tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr("serving.batch.retire.ROWS_PER_TRANSACTION", page)
    batches = [publish(tiny_shop, "1", LISTS, as_of_day=day).batch_id for day in range(20, 25)]

    retire_old_batches(tiny_shop)

    assert batches_with_lists(tiny_shop) == batches[2:]
