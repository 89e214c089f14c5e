import pytest
from sqlalchemy import Engine, func, select

from serving.batch import retire
from serving.batch.batch_state import move_pointer, open_batch
from serving.batch.retire import retire_old_batches
from shop.database import session_scope
from shop.tables import Recommendation, RecommendationBatch, is_of_model, name_model
from tests.serving.ranked import finish, open_named, publish
from tests.support.tiny_shop import day

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


def test_a_number_that_came_again_is_another_version(tiny_shop: Engine) -> None:
    models = [name_model(1, files * 64) for files in "abb"]
    for number, model in enumerate([*models, *models[1:]]):
        batch = open_batch(tiny_shop, f"2026012{number}T120000Z-{model}-snapshot", day(20 + number), "1", "champion")
        finish(tiny_shop, batch, LISTS)

    retire_old_batches(tiny_shop)

    assert [is_of_model(name, models[0]) for name in batches_with_lists(tiny_shop)] == [True, False, False, False]


def test_a_batch_that_is_being_written_stays(tiny_shop: Engine) -> None:
    for as_of_day in range(20, 26):
        publish(tiny_shop, "1", LISTS, as_of_day=as_of_day)
    writing = open_named(tiny_shop, publish(tiny_shop, "2", LISTS).as_of, "3", None)

    assert writing.batch_id not in retire_old_batches(tiny_shop)


def test_a_batch_that_somebody_goes_back_to_meanwhile_keeps_its_lists(
    tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [publish(tiny_shop, "1", LISTS, as_of_day=day) for day in range(20, 26)]
    mark_retired = retire._mark_retired

    def go_back_first(engine: Engine, batch_id: str, epoch: int) -> bool:
        if batch_id == batches[0].batch_id:
            again = open_batch(engine, batch_id, batches[0].as_of, "1", "champion")
            move_pointer(engine, again)
        return mark_retired(engine, batch_id, epoch)

    monkeypatch.setattr(retire, "_mark_retired", go_back_first)

    retired = retire_old_batches(tiny_shop)

    assert retired == [batches[2].batch_id, batches[1].batch_id]
    assert batches[0].batch_id in batches_with_lists(tiny_shop)


def test_a_batch_whose_lists_are_going_is_not_gone_back_to(tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest, *_ = [publish(tiny_shop, "1", LISTS, as_of_day=day) for day in range(20, 26)]
    found = []

    def look(engine: Engine, batch_id: str) -> None:
        if batch_id == oldest.batch_id:
            found.append(open_batch(engine, batch_id, oldest.as_of, "1", "champion").is_complete)

    monkeypatch.setattr(retire, "_delete_lists", look)

    retire_old_batches(tiny_shop)

    assert found == [False]


def test_a_run_that_was_killed_is_finished_by_the_next(tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [publish(tiny_shop, "1", LISTS, as_of_day=day).batch_id for day in range(20, 26)]
    with monkeypatch.context() as killed:
        killed.setattr(retire, "_delete_lists", lambda *_: None)
        retire_old_batches(tiny_shop)
    assert batches_with_lists(tiny_shop) == batches

    retire_old_batches(tiny_shop)

    assert batches_with_lists(tiny_shop) == batches[3:]


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
