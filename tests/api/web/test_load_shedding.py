"""The limit of requests at work follows how quickly they are answered."""

import pytest

from api.web.load_shedding import AT_FIRST, FEWEST, MOST, REPORT_SECONDS, WANTED_SECONDS, LoadShedder
from api.web.metrics import Metrics
from tests.support.clock import Clock

QUICK, SLOW = WANTED_SECONDS / 2, 2 * WANTED_SECONDS


@pytest.fixture
def shedder(clock: Clock) -> LoadShedder:
    return LoadShedder(Metrics(), clock)


def fill(shedder: LoadShedder) -> int:
    """Begin as many requests as may be at work, and return how many began."""
    begun = 0
    while not shedder.is_full:
        shedder.begin()
        begun += 1
    return begun


def answer(shedder: LoadShedder, clock: Clock, count: int, seconds: float) -> None:
    for _ in range(count):
        clock.now += 0.001
        shedder.end(seconds)
        shedder.begin()


def test_as_many_as_the_limit_are_at_work_and_the_next_is_turned_away(shedder: LoadShedder) -> None:
    assert fill(shedder) == AT_FIRST == shedder.limit

    shedder.end(QUICK)

    assert not shedder.is_full


def test_late_answers_lower_the_limit_to_its_least(shedder: LoadShedder, clock: Clock) -> None:
    fill(shedder)

    answer(shedder, clock, 10_000, SLOW)

    assert shedder.limit == FEWEST


def test_late_answers_of_one_moment_count_once(shedder: LoadShedder) -> None:
    begun = fill(shedder)

    for _ in range(begun // 2):
        shedder.end(SLOW)

    assert shedder.limit == int(0.9 * AT_FIRST)


def test_answers_in_time_raise_the_limit_to_its_most(shedder: LoadShedder, clock: Clock) -> None:
    fill(shedder)
    answer(shedder, clock, 200, SLOW)
    low = shedder.limit
    fill(shedder)

    answer(shedder, clock, 2000, QUICK)

    assert low < AT_FIRST < shedder.limit <= MOST


@pytest.mark.parametrize("seconds", [QUICK, SLOW])
def test_a_process_with_little_to_do_learns_nothing(shedder: LoadShedder, clock: Clock, seconds: float) -> None:
    shedder.begin()

    answer(shedder, clock, 1000, seconds)

    assert shedder.limit == AT_FIRST


def test_what_was_turned_away_is_told_for_a_minute(shedder: LoadShedder, clock: Clock) -> None:
    shedder.note_refusal()
    shedder.note_refusal()
    assert shedder.num_refused == 2

    clock.now += REPORT_SECONDS + 1

    assert shedder.num_refused == 0


def test_the_log_has_one_line_for_a_minute(
    shedder: LoadShedder, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    fill(shedder)
    for _ in range(100):
        clock.now += 0.1
        shedder.note_refusal()

    assert [record.getMessage() for record in caplog.records] == [
        f"overloaded: turns reads away at_work={AT_FIRST} limit={AT_FIRST}"
    ]
