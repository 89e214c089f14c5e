import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.merchandising.rules import CAPPED_SLOTS, PINNED, AppliedRules, ResolvedRule
from api.pages.ladder import HEAD_SLOTS, Ladder
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import Entry
from api.queries.rules import Rule

CATEGORIES = 4
IDS = range(1, 61)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def category_of(product_id: int) -> int:
    return product_id % CATEGORIES


def rule(action: str, products: Sequence[int], value: int | None = None, rule_id: int = 1) -> ResolvedRule:
    """A rule for a brand with some products."""
    stand_ins = list(products) if action == "pin" else []
    return ResolvedRule(
        Rule(rule_id, action, "brand", target_text="Alpine", value=value), frozenset(products), stand_ins
    )


def of_category(action: str, category_id: int, value: int | None = None) -> ResolvedRule:
    return ResolvedRule(Rule(1, action, "category", category_id, value=value))


def entries(products: Sequence[int]) -> list[Entry]:
    return [Entry(each, category_of(each), 0.5, "bought_before") for each in products]


def list_ids(listed: object) -> list[int]:
    assert isinstance(listed, list)
    return [entry[0] for entry in listed]


def climb(
    rules: AppliedRules,
    products: Sequence[int],
    limit: int,
    sellable: Sequence[int] = IDS,
    without: Sequence[int] = (),
    family_of: dict[int, int] | None = None,
) -> Ladder:
    async def fetch(ids: Sequence[int]) -> dict[int, SellableProduct]:
        families = family_of or {}
        return {
            each: SellableProduct(each, category_of(each), "", 1.0, "", families.get(each))
            for each in ids
            if each in sellable
        }

    async def fill() -> Ladder:
        ladder = Ladder(limit, fetch, without, rules=rules)
        ladder.pin(rules.list_pins(entries(products)))
        await ladder.step("published", entries(products))
        await ladder.finish()
        return ladder

    return asyncio.run(fill())


def show(
    rules: AppliedRules,
    products: Sequence[int],
    limit: int = 20,
    sellable: Sequence[int] = IDS,
    without: Sequence[int] = (),
) -> list[int]:
    return [each.product.product_id for each in climb(rules, products, limit, sellable, without).ranked_products]


def test_a_boost_moves_a_product_to_a_part_of_its_place() -> None:
    boosted = AppliedRules([rule("boost", [12], 3)])

    assert list_ids(boosted.arrange(entries(range(1, 15)))) == [1, 2, 3, 4, 12, *range(5, 12), 13, 14]


def test_a_bury_moves_it_the_other_way_and_no_further_than_the_end() -> None:
    buried = AppliedRules([rule("bury", [2], 3)])

    assert list_ids(buried.arrange(entries(range(1, 9)))) == [1, 3, 4, 5, 2, 6, 7, 8]
    assert list_ids(buried.arrange(entries([1, 2, 3]))) == [1, 3, 2]


def test_a_boost_and_a_bury_of_the_same_strength_undo_each_other() -> None:
    both = AppliedRules([rule("boost", [5], 4), of_category("bury", category_of(5), 4)])

    assert list_ids(both.arrange(entries([2, 3, 4, 5, 6]))) == [2, 3, 4, 5, 6]


def test_without_a_rule_a_list_is_not_even_copied() -> None:
    listed = entries(IDS)

    assert AppliedRules().arrange(listed) is listed


def test_a_pin_stands_in_its_slot_and_says_so() -> None:
    page = climb(AppliedRules([rule("pin", [40], 3, rule_id=7)]), range(1, 30), 20).ranked_products

    assert [each.product.product_id for each in page][:4] == [1, 2, 40, 3]
    assert (page[2].rung, page[2].reason, page[2].rules) == (PINNED, PINNED, [(7, "pin")])
    assert len(page) == 20


def test_a_pin_of_a_brand_takes_the_shoppers_own_best_of_it() -> None:
    pinned = AppliedRules([rule("pin", [40, 9, 8], 1)])

    page = climb(pinned, range(1, 30), 20).ranked_products

    assert [each.product.product_id for each in page][:3] == [8, 1, 2]
    assert page[0].reason == "bought_before"
    assert show(pinned, [1, 2, 3]) == [40, 1, 2, 3]


def test_a_pin_that_cannot_be_sold_gives_its_slot_back() -> None:
    assert show(AppliedRules([rule("pin", [40], 2)]), [1, 2, 3], 3, sellable=[1, 2, 3]) == [1, 2, 3]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_pin_below_a_short_page_is_not_on_it(limit: int) -> None:
    assert (40 in show(AppliedRules([rule("pin", [40], 2)]), range(1, 30), limit)) == (limit >= 2)


def test_what_must_not_be_on_the_page_is_not_pinned_either() -> None:
    assert show(AppliedRules([rule("pin", [40], 1)]), [1, 2], without=[40]) == [1, 2]


def test_of_a_family_the_pinned_variant_is_shown() -> None:
    ladder = climb(AppliedRules([rule("pin", [40], 2)]), [1, 2, 3], 20, family_of={40: 9, 1: 9})

    assert [each.product.product_id for each in ladder.ranked_products] == [2, 40, 3]


def test_a_hidden_product_is_nowhere_whatever_else_is_said_of_it() -> None:
    rules = AppliedRules([rule("pin", [2], 1), rule("boost", [2], 9), rule("hide", [2])])

    assert show(rules, [1, 2, 3]) == [1, 3]
    assert show(AppliedRules([rule("pin", [2], 1), of_category("hide", category_of(2))]), [1, 2, 3]) == [1, 3]


def test_a_cap_holds_in_the_first_slots_and_what_it_held_back_follows() -> None:
    capped = AppliedRules([rule("cap", range(1, 13), 3)])

    assert show(capped, range(1, 41), 25) == [1, 2, 3, *range(13, 30), *range(4, 9)]


def test_a_cap_of_a_shorter_list_is_smaller_in_proportion() -> None:
    assert show(AppliedRules([rule("cap", range(1, 13), 3)]), range(1, 41), 10) == [1, 2, *range(13, 21)]


def test_a_cap_gives_way_when_nothing_else_is_left() -> None:
    assert show(AppliedRules([rule("cap", range(1, 13), 0)]), range(1, 14)) == [13, *range(1, 13)]


def test_a_pin_takes_a_slot_of_the_cap() -> None:
    rules = AppliedRules([rule("cap", range(1, 13), 1), rule("pin", [12], 5), rule("pin", [11], 6)])

    assert show(rules, range(1, 40)) == [13, 14, 15, 16, 12, *range(17, 32)]


def test_what_is_held_back_is_named_with_the_rule_that_does() -> None:
    full, other = rule("cap", [1, 3, 4], 1, rule_id=8), rule("cap", [3], 5, rule_id=9)
    rules = AppliedRules([rule("hide", [2], rule_id=7), full, other])
    products = [SellableProduct(each, category_of(each), "", 1.0, "") for each in range(1, 7)]

    held_back = rules.find_held_back(products[:5], [products[at] for at in (0, 4, 5)])

    assert held_back == [(2, [(7, "hide")]), (3, [(8, "cap")]), (4, [(8, "cap")])]
    assert (AppliedRules().holds_back, rules.holds_back, rules.without_holds().holds_back) == (False, True, False)


RULES = st.lists(
    st.one_of(
        st.builds(rule, st.just("hide"), st.lists(st.sampled_from(IDS), max_size=30)),
        st.builds(rule, st.just("cap"), st.lists(st.sampled_from(IDS), max_size=40), st.integers(0, 19)),
        st.builds(rule, st.just("pin"), st.lists(st.sampled_from(IDS), max_size=5), st.integers(1, 20)),
        st.builds(
            rule, st.sampled_from(["boost", "bury"]), st.lists(st.sampled_from(IDS), max_size=9), st.integers(2, 100)
        ),
        st.builds(of_category, st.sampled_from(["hide", "cap"]), st.integers(0, 3), st.integers(0, 19)),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(
    resolved=RULES,
    products=st.lists(st.sampled_from(IDS), unique=True),
    sellable=st.sets(st.sampled_from(IDS)),
    without=st.sets(st.sampled_from(IDS), max_size=9),
    limit=st.integers(1, 40),
)
def test_no_page_breaks_a_rule_or_runs_short(
    resolved: list[ResolvedRule], products: list[int], sellable: set[int], without: set[int], limit: int
) -> None:
    rules = AppliedRules(resolved)
    shown = show(rules, products, limit, sellable=list(sellable), without=list(without))

    stand_ins = {each for pin in resolved for each in pin.stand_ins}
    allowed = {each for each in sellable - without if not rules.hides(each, category_of(each))}
    of_list = allowed & set(products)
    assert len(set(shown)) == len(shown)
    assert set(shown) <= allowed & ({*products} | stand_ins)
    assert min(limit, len(of_list)) <= len(shown) <= limit
    _check_caps(resolved, shown, of_list, limit)
    _check_pins(resolved, shown, allowed)


def _check_caps(resolved: list[ResolvedRule], shown: list[int], of_list: set[int], limit: int) -> None:
    """A cap may only be exceeded when all that no exceeded cap speaks of stands in the head already."""
    head = shown[: min(limit, HEAD_SLOTS)]
    caps = [each for each in resolved if each.rule.action == "cap"]
    most = [-(-(cap.rule.value or 0) * min(limit, HEAD_SLOTS) // CAPPED_SLOTS) for cap in caps]
    full = [
        cap
        for cap, number in zip(caps, most, strict=True)
        if sum(cap.covers(each, category_of(each)) for each in head) >= number
    ]
    exceeded = [
        cap
        for cap, number in zip(caps, most, strict=True)
        if sum(cap.covers(each, category_of(each)) for each in head) > number
    ]
    if exceeded:
        others = {each for each in of_list if not any(cap.covers(each, category_of(each)) for cap in full)}
        assert others <= set(head)


def _check_pins(resolved: list[ResolvedRule], shown: list[int], allowed: set[int]) -> None:
    """A lone pin has its slot, as far as the page reaches to it and no cap forbids."""
    pins = [each for each in resolved if each.rule.action == "pin"]
    is_capped = any(each.rule.action == "cap" for each in resolved)
    if len(pins) != 1 or is_capped:
        return
    [pin] = pins
    slot = pin.rule.value or 0
    if allowed & pin.product_ids and len(shown) >= slot:
        assert shown[slot - 1] in pin.product_ids


def test_a_rule_holds_from_its_first_instant_and_not_at_its_last() -> None:
    dated = Rule(1, "hide", "product", 1, starts_at=NOW, ends_at=NOW + timedelta(days=1))

    held = [dated.holds(NOW + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)]

    assert held == [False, True, True, False]


def test_rules_overlap_if_they_may_hold_at_one_instant() -> None:
    def dated(start: int | None, end: int | None) -> Rule:
        return Rule(1, "hide", "product", 1, starts_at=_hour(start), ends_at=_hour(end))

    pairs = [((None, None), (3, 4)), ((1, 3), (3, 4)), ((1, 4), (3, None)), ((None, 3), (4, None)), ((3, 4), (1, None))]

    assert [dated(*one).overlaps(dated(*other)) for one, other in pairs] == [True, False, True, False, True]
    assert Counter(dated(*other).overlaps(dated(*one)) for one, other in pairs) == {True: 3, False: 2}


def _hour(number: int | None) -> datetime | None:
    return None if number is None else NOW + timedelta(hours=number)
