import pytest
from pymysql.err import OperationalError as DriverError
from sqlalchemy.exc import OperationalError

from api.db.refusals import REMINDER_SECONDS, LastTrouble, RefusalLog


def failure(number: int, words: str = "words of the server") -> OperationalError:
    return OperationalError("SELECT secret", {}, DriverError(number, words))


@pytest.fixture
def told_of() -> RefusalLog:
    return RefusalLog()


def test_a_refusal_is_told_of_once_and_another_one_too(told_of: RefusalLog) -> None:
    refusals = [failure(1146, f"Table '{name}' doesn't exist") for name in ("a", "b", "a", "b", "a")]

    assert [told_of.is_news(each) for each in refusals] == [True, True, False, False, False]


def test_what_may_pass_is_told_of_each_time(told_of: RefusalLog) -> None:
    assert [told_of.is_news(failure(2013)) for _ in range(2)] == [True, True]


def test_a_refusal_that_stays_is_told_of_again_after_an_hour() -> None:
    clock = [0.0]
    told_of = RefusalLog(lambda: clock[0])
    assert told_of.is_news(failure(1146))

    clock[0] = REMINDER_SECONDS - 1
    assert not told_of.is_news(failure(1146))
    clock[0] = REMINDER_SECONDS
    assert told_of.is_news(failure(1146))


def test_trouble_is_new_once_until_it_changes_or_ends() -> None:
    trouble = LastTrouble()

    assert [trouble.is_new(words) for words in ("a", "a", "b", "a", "a")] == [True, False, True, True, False]
    trouble.end()
    assert trouble.is_new("a")
