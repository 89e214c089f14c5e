import polars as pl

from serving.batch.statistics import BatchFacts, measure
from tests.serving.ranked import ranked


def test_each_fact_counts_what_it_says() -> None:
    frame = ranked({1: [1, 3, 5], 2: [3, 3, 1], 3: [1]}, scores=[0.5, 0.5, 0.5])

    facts = measure(frame, full_length=3)

    assert (facts.num_users, facts.num_rows) == (3, 7)
    assert (facts.lists_with_repeats, facts.short_lists, facts.flat_lists) == (1, 1, 2)
    assert facts.top_products == {1: 2, 3: 1}
    assert facts.shown_products == {1: 3, 3: 3, 5: 1}


def test_two_equal_scores_are_flat_and_a_single_one_is_not() -> None:
    assert measure(ranked({1: [1, 3], 2: [5]}, scores=[0.5, 0.5]), full_length=2).flat_lists == 1


def test_what_is_shown_are_the_first_twenty() -> None:
    facts = measure(ranked({1: list(range(1, 23)), 2: [22, 1]}), full_length=22)

    assert set(facts.shown_products) == {*range(1, 21), 22}
    assert (facts.shown_products[1], facts.shown_products[22], facts.short_lists) == (2, 1, 1)


def test_scores_that_are_not_finite_are_counted() -> None:
    frame = ranked({1: [1, 3, 5]}, scores=[float("nan"), float("-inf"), 0.5])

    assert measure(frame, full_length=3).non_finite_scores == 2
    assert measure(frame.with_columns(score=pl.lit(None, pl.Float32)), full_length=3).non_finite_scores == 3


def test_facts_of_pieces_add_up_to_the_facts_of_the_whole() -> None:
    lists = {user: [1 + user % 3, 4, 5] for user in range(10)}
    whole = measure(ranked(lists), full_length=3)

    summed = BatchFacts()
    for user, products in lists.items():
        summed.add(measure(ranked({user: products}), full_length=3))

    assert summed == whole


def test_facts_survive_json() -> None:
    facts = measure(ranked({1: [1, 3], 2: [5]}), full_length=3)

    assert BatchFacts.from_json(facts.to_json()) == facts


def test_no_users_is_a_batch_too() -> None:
    assert measure(ranked({}), full_length=3) == BatchFacts()
