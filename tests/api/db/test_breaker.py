from api.db.breaker import CircuitBreaker
from tests.support.clock import Clock


def open_breaker(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures_to_open=3, open_seconds=2.0, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.fail("late")
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = open_breaker(Clock())

    assert breaker.is_open
    assert not breaker.allows()
    assert breaker.last_failure == "late"


def test_an_answer_between_failures_starts_the_count_again() -> None:
    breaker = CircuitBreaker(failures_to_open=3)

    for _ in range(5):
        breaker.fail("late")
        breaker.fail("late")
        assert not breaker.is_open
        breaker.succeed()


def test_after_the_pause_one_call_tries() -> None:
    clock = Clock()
    breaker = open_breaker(clock)

    assert breaker.pause_seconds == 2.0
    clock.now = 2.0

    assert breaker.pause_seconds == 0.0
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_the_try_decides() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now = 2.0
    assert breaker.allows()

    breaker.fail("still late")
    clock.now = 3.9
    assert not breaker.allows()
    clock.now = 4.0
    assert breaker.allows()
    breaker.succeed()

    assert breaker.allows()
    assert not breaker.is_open
