"""The order of shelves: propensities are what shoppers see, and what is liked rises."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from api.pages.shelf_order import OrderRules, ShelfPolicy, find_kind, make_policy
from api.queries.shelf_statistics import NO_STATISTICS, Engagement, ShelfStatistics

BY_RULE, NOW = ("buy_again", "new_for_you", "popular", "just_in"), datetime(2026, 11, 29, 15, tzinfo=UTC)
LIKED = {"buy_again": 0.02, "new_for_you": 0.05, "popular": 0.03, "just_in": 0.01}


def liked(clicks: int = 10_000) -> ShelfStatistics:
    shelves = {code: Engagement(clicks * 10, round(clicks * 10 * rate)) for code, rate in LIKED.items()}
    return ShelfStatistics({"active": shelves}, NOW - timedelta(hours=1))


@pytest.mark.parametrize("best", [BY_RULE, BY_RULE[:2], BY_RULE[:1]])
def test_propensities_sum_to_one_and_are_what_shoppers_see(best: tuple[str, ...]) -> None:
    policy, seen = ShelfPolicy(best, 0.3), Counter[tuple[str, int]]()
    for user_id in range(20_000):
        seen.update((code, place) for place, code in enumerate(policy.draw(user_id, NOW)))

    for code in best:
        assert sum(policy.propensity(code, place) for place in range(len(best))) == pytest.approx(1)
        for place in range(len(best)):
            assert seen[code, place] / 20_000 == pytest.approx(policy.propensity(code, place), abs=0.01)


def test_a_page_stands_all_day_as_it_stood() -> None:
    policy = ShelfPolicy(BY_RULE, 1.0)

    orders = {tuple(policy.draw(7, NOW.replace(hour=hour))) for hour in range(24)}

    assert len(orders) == 1
    assert len({tuple(policy.draw(7, NOW - timedelta(days=days))) for days in range(30)}) > 1


def order_by(
    statistics: ShelfStatistics, kind: str = "active", least_clicks: int = 1, now: datetime = NOW
) -> list[str]:
    return list(make_policy(BY_RULE, statistics, kind, OrderRules(least_clicks, 0.0), now).best)


@pytest.mark.parametrize(
    ("statistics", "now"),
    [(liked(10), NOW), (NO_STATISTICS, NOW), (liked(), NOW + timedelta(days=8))],
    ids=["few clicks", "no statistics", "old statistics"],
)
def test_without_enough_recent_clicks_the_rule_orders_and_nothing_is_explored(
    statistics: ShelfStatistics, now: datetime
) -> None:
    policy = make_policy(BY_RULE, statistics, "active", OrderRules(1000, 0.2), now)

    assert {tuple(policy.draw(user_id, now)) for user_id in range(100)} == {BY_RULE}
    assert [policy.propensity(code, place) for place, code in enumerate(BY_RULE)] == [1.0] * 4


def test_what_is_liked_rises() -> None:
    policy = make_policy(BY_RULE, liked(), "active", OrderRules(100, 0.1), NOW)

    assert policy.best == ["new_for_you", "popular", "buy_again", "just_in"]
    assert policy.propensity("new_for_you", 0) == 1 - 0.033


def test_an_order_is_worth_several_clicks() -> None:
    shelves = {"popular": Engagement(9000, 90), "just_in": Engagement(9000, 50, 20)}

    order = order_by(ShelfStatistics({"active": shelves}, NOW))

    assert order.index("just_in") < order.index("popular")


def test_guests_whom_nothing_tells_apart_all_see_the_best() -> None:
    policy = make_policy(BY_RULE, liked(), "guest", OrderRules(100, 1.0), NOW)

    assert policy.draw(None, NOW) == policy.best == ["new_for_you", "popular", "buy_again", "just_in"]
    assert policy.propensity("new_for_you", 0) == 1.0


def test_a_kind_that_nobody_knows_yet_has_the_shops_rates() -> None:
    few = {"just_in": Engagement(20, 20)}
    statistics = ShelfStatistics({**liked().of_kind, "newcomer": few}, NOW)

    assert order_by(statistics, "newcomer") == ["new_for_you", "just_in", "popular", "buy_again"]
    assert order_by(statistics, "lapsed")[0] == "new_for_you"


def test_kinds_are_told_by_the_last_order() -> None:
    def find(*days: int, is_known: bool = True) -> str:
        return find_kind([NOW - timedelta(days=each) for each in days], NOW, is_known=is_known)

    assert (find(is_known=False), find(), find(90, 28), find(90, 29)) == ("guest", "newcomer", "active", "lapsed")
