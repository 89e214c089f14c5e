import pytest

from api.pages.known_changes import (
    COUNTED_SECONDS,
    LOOKED_FOR_SECONDS,
    MOST_MISSING,
    WIDEST,
    KnownChanges,
    Position,
    Seen,
)
from tests.support.clock import Clock


@pytest.fixture
def known(clock: Clock) -> KnownChanges:
    known = KnownChanges(clock)
    known.begin(10)
    return known


def see(known: KnownChanges, there: set[int]) -> Seen:
    """Count as a page's read does, of the numbers that are there."""
    at = known.position
    assert at is not None
    return Seen(at.epoch, at.num_before + sum(number > at.after for number in there))


def test_nothing_is_known_before_the_beginning() -> None:
    assert not KnownChanges().knows(Seen(0, 0))


def test_what_was_read_is_known_and_what_comes_is_not(known: KnownChanges) -> None:
    assert known.knows(see(known, {9, 10}))
    assert not known.knows(see(known, {11}))

    assert known.note([(11, 1), (12, 2)]) == [1, 2]

    assert known.position == Position(1, 12, 2)
    assert known.knows(see(known, {11, 12}))
    assert not known.knows(see(known, {11, 12, 13}))
    assert known.note([(12, 2)]) == []


def test_a_number_that_is_committed_late_is_missed_by_no_page(known: KnownChanges) -> None:
    known.note([(12, 2), (13, 3)])
    assert known.knows(see(known, {12, 13}))

    assert not known.knows(see(known, {11, 12, 13}))

    assert known.note([(11, 1), (12, 2), (13, 3)]) == [1]
    assert known.knows(see(known, {11, 12, 13}))
    assert known.position == Position(1, 13, 3)


def test_a_page_that_asked_before_the_position_moved_counts_the_same(known: KnownChanges) -> None:
    before = see(known, {11, 12})
    late = see(known, {11, 12, 13})

    known.note([(11, 1), (12, 2)])

    assert known.knows(before)
    assert not known.knows(late)


def test_what_stays_missing_is_counted_no_more_and_still_looked_for(known: KnownChanges, clock: Clock) -> None:
    known.note([(12, 2)])
    clock.now += COUNTED_SECONDS
    known.note([])
    assert known.position == Position(1, 12, 1)
    assert known.missing == [11]

    assert known.note([(11, 1)]) == [1]
    assert known.missing == []
    assert known.knows(see(known, {12}))


def test_what_is_missing_for_too_long_is_given_up(known: KnownChanges, clock: Clock) -> None:
    known.note([(12, 2)])
    clock.now += COUNTED_SECONDS
    known.note([])
    clock.now += LOOKED_FOR_SECONDS
    known.note([])

    assert known.missing == []
    assert known.note([(11, 1)]) == []


def test_of_missing_ones_the_newest_are_looked_for(known: KnownChanges, clock: Clock) -> None:
    known.note([(10 + 2 * MOST_MISSING + 100, 1)])
    clock.now += COUNTED_SECONDS
    known.note([])

    assert len(known.missing) == MOST_MISSING
    assert max(known.missing) == 10 + 2 * MOST_MISSING + 99


def test_numbers_that_jump_far_begin_anew(known: KnownChanges) -> None:
    seen = see(known, set())

    known.note([(11 + WIDEST, 1)])

    assert known.position == Position(2, 11 + WIDEST, 0)
    assert not known.knows(seen)


def test_what_an_earlier_epoch_counted_tells_nothing(known: KnownChanges) -> None:
    seen = see(known, set())
    known.begin(10)

    assert not known.knows(seen)
    known.forget()
    assert not known.knows(see_anything := Seen(2, 0)), see_anything
