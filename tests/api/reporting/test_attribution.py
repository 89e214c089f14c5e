"""Rates equal to a hand count, on a scripted log with duplicates, late orders and events of nothing shown."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from api.pages.experiment import Experiment
from api.reporting.attribution import Period, fetch_shown, name_slots, tally
from api.reporting.engagement import build_report, main, render
from api.web.request_ids import UNVERIFIED
from shop.database import session_scope
from shop.tables import Event, name_model
from tests.support.tiny_shop import day

PERIOD = Period(day(10), day(12), timedelta(hours=72))

LOG: list[tuple[str, int, str, str, float]] = [
    # request, product, version, type, hours after day(10)
    ("r1", 1, "7", "impression", 0),  #   r1/1: clicked twice, ordered twice: counts once each
    ("r1", 1, "7", "impression", 0),
    ("r1", 1, "7", "click", 1),
    ("r1", 1, "7", "click", 2),
    ("r1", 1, "7", "order", 3),
    ("r1", 1, "7", "order", 30),
    ("r1", 3, "7", "impression", 0),  #   r1/3: ordered too late
    ("r1", 3, "7", "order", 73),
    ("r1", 5, "7", "impression", 0),  #   r1/5: clicked in another answer only
    ("r2", 5, "8", "impression", 40),  #  r2/5: clicked late but within its own window, after the period's end
    ("r2", 5, "8", "click", 100),
    ("r2", 6, "8", "impression", 40),  #  r2/6: nothing
    ("r0", 1, "6", "impression", -1),  #  before the period
    ("r0", 1, "6", "click", 1),
    ("r3", 1, "8", "impression", 48),  #  at the period's end: not in it
    ("r4", 6, "8", "click", 5),  #        clicked, never shown
]


def write_log(engine: Engine, log: list[tuple[str, int, str, str, float]] = LOG, **fields: Any) -> None:
    rows = [
        {
            "event_key": f"{fields.get('rung')}-e{number}-{request}",
            "user_id": 1,
            "request_id": request,
            "product_id": product,
            "model_version": version,
            "event_type": kind,
            "occurred_at": day(10) + timedelta(hours=hours),
            "position": product,
            "rung": "published",
        }
        | fields
        for number, (request, product, version, kind, hours) in enumerate(log)
    ]
    with session_scope(engine) as session:
        session.execute(insert(Event), rows)


def test_who_names_an_answer_that_somebody_else_saw_changes_no_rate(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop, [("r1", 1, "7", "impression", 0)])
    write_log(any_empty_shop, [("r1", 1, "7", "order", 1)], user_id=2, event_key="foreign")
    write_log(any_empty_shop, [("r1", 1, "7", "click", 2)], user_id=None, event_key="guest")

    with any_empty_shop.connect() as connection:
        [shown] = fetch_shown(connection, PERIOD)

    assert (shown.user_id, shown.is_clicked, shown.is_ordered) == (1, False, False)


def test_what_names_an_answer_that_was_not_given_changes_no_rate_and_is_counted(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop, [("r1", 1, "7", "impression", 0)])
    claims = [("r1", 1, "7", "click", 1.0), ("r9", 3, "7", "impression", 1.0), ("r9", 3, "7", "order", 48.0)]
    write_log(any_empty_shop, claims, rung=UNVERIFIED)

    report = build_report(any_empty_shop, PERIOD, Experiment())

    assert {rung: (row["impressions"], row["clicks"]) for rung, row in report["by_rung"].items()} == {
        "published": (1, 0)
    }
    assert report["unverified_events"] == 2  # the third lies at the period's end
    assert "Left out: 2 events" in render(report)


def test_shelves_are_counted_by_what_their_impressions_name(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop, [("r1", 1, "7", "impression", 0), ("r1", 2, "7", "impression", 0)], shelf="buy_again")
    write_log(any_empty_shop, [("r1", 3, "7", "impression", 0)], event_key="home")
    write_log(any_empty_shop, [("r1", 2, "7", "click", 1)], event_key="click", shelf="popular")

    report = build_report(any_empty_shop, PERIOD, Experiment())

    counts = {code: (row["impressions"], row["clicks"]) for code, row in report["by_shelf"].items()}
    assert counts == {"buy_again": (2, 1), "none": (1, 0)}


def test_exchanged_shelves_are_weighed_by_how_likely_they_were(any_empty_shop: Engine) -> None:
    pages = [  # user, propensity, whether the product was clicked
        (1, 0.95, True),
        (1, 0.975, False),
        (2, 0.95, False),
        (3, 0.025, True),
        (4, 0.05, False),
        (5, 1.0, True),  #     nothing is explored for this one
        (None, 0.95, True),  # a guest has no share of users
        (6, None, True),  #    a page of before
    ]
    for user_id, propensity, is_clicked in pages:
        request = f"{user_id}-{propensity}"
        log = [(request, 1, "7", "impression", 0.0), (request, 1, "7", "click", 1.0)][: 1 + is_clicked]
        write_log(any_empty_shop, log, user_id=user_id, shelf="popular", propensity=propensity)

    report = build_report(any_empty_shop, PERIOD, Experiment())

    [(code, row)] = report["exchanged_shelves"].items()
    assert (code, row["users"]) == ("popular", {"usual": 2, "exchanged": 2})
    assert row["click_rate"]["usual"] == pytest.approx((1 / 0.95) / (1 / 0.95 + 1 / 0.975 + 1 / 0.95))
    assert row["click_rate"]["exchanged"] == pytest.approx(2 / 3)
    assert row["click_rate_difference"]["estimate"] == pytest.approx(2 / 3 - row["click_rate"]["usual"])
    assert row["order_rate_difference"]["estimate"] == 0
    [line] = [line for line in render(report).splitlines() if line.startswith("shelf a place off")]
    assert "exchanged minus usual" in line


def test_the_report_equals_the_hand_count(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop)

    report = build_report(any_empty_shop, PERIOD, Experiment())

    counts = {
        version: (row["impressions"], row["clicks"], row["orders"]) for version, row in report["by_version"].items()
    }
    assert counts == {"7": (3, 1, 1), "8": (2, 1, 0)}
    assert report["by_version"]["7"]["click_rate"]["estimate"] == pytest.approx(1 / 3)
    assert report["by_version"]["7"]["click_rate"]["low"] == pytest.approx(0.0615, abs=1e-4)
    assert report["by_version"]["7"]["click_rate"]["high"] == pytest.approx(0.7923, abs=1e-4)
    assert report["by_rung"]["published"]["impressions"] == 5
    assert {slots: row["impressions"] for slots, row in report["by_slot"].items()} == {"00-04": 2, "05-09": 3}
    assert (report["comparison"], report["unverified_events"]) == (None, 0)
    assert "Left out" not in render(report)


@pytest.mark.parametrize(
    ("batch_id", "name"),
    [
        (f"20260109T120000Z-{name_model(7, 'a' * 64)}-snapshot", name_model(7, "a" * 64)),
        (f"20260109T120000Z-{name_model(7, 'b' * 64)}-snapshot", name_model(7, "b" * 64)),
        (f"20260109T120000Z-{name_model(77, 'a' * 64)}-snapshot", "7"),
        ("20260109T120000Z-v7", "7"),
        (None, "7"),
    ],
    ids=["one", "another of its number", "lists of another number", "a batch of earlier code", "no batch"],
)
def test_a_version_goes_by_its_number_and_files(empty_shop: Engine, batch_id: str | None, name: str) -> None:
    write_log(empty_shop, [("r0", 1, "7", "impression", 0)], batch_id=f"-{name_model(7, 'c' * 64)}-")
    write_log(empty_shop, [("r1", 1, "7", "impression", 0), ("r1", 1, "7", "click", 1)], rung="x", batch_id=batch_id)

    by_version = build_report(empty_shop, PERIOD, Experiment())["by_version"]

    assert {version: row["clicks"] for version, row in by_version.items()} == {name_model(7, "c" * 64): 0, name: 1}


@pytest.mark.parametrize(("microseconds_early", "clicks"), [(1, 1), (0, 0)], ids=["just within", "at its very end"])
def test_what_comes_at_the_end_of_the_window_is_too_late(
    empty_shop: Engine, microseconds_early: int, clicks: int
) -> None:
    hours = 72 - microseconds_early / 3.6e9
    write_log(empty_shop, [("r1", 1, "7", "impression", 0), ("r1", 1, "7", "click", hours)])

    report = build_report(empty_shop, PERIOD, Experiment())

    assert report["by_version"]["7"]["clicks"] == clicks


def test_variants_are_compared_by_users_and_an_uneven_split_is_called_broken(empty_shop: Engine) -> None:
    for user in range(1, 61):
        arm = "challenger" if user <= 12 else "champion"
        log = [(f"r{user}", 1, "7", "impression", 0.0), (f"r{user}", 3, "7", "impression", 0.0)]
        log += [(f"r{user}", 1, "7", "click", 1.0)] if arm == "challenger" and user % 2 else []
        write_log(empty_shop, log, user_id=user, arm=arm)

    even = build_report(empty_shop, PERIOD, Experiment("challenger", 0.2))["comparison"]
    uneven = build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))["comparison"]

    assert even["arms"] == {"champion": 48, "challenger": 12}
    assert (even["split_p_value"], even["is_split_broken"]) == (pytest.approx(1.0), False)
    assert (uneven["intended_share"], uneven["is_split_broken"]) == (0.5, True)
    assert (even["users_in_both"], build_report(empty_shop, PERIOD, Experiment())["comparison"]) == (0, None)
    assert "(users): champion 48, challenger 12; split BROKEN: do not read on (p = " in render(
        build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))
    )
    difference = even["click_rate_difference"]
    assert difference["estimate"] == pytest.approx(0.25)
    assert 0 < difference["low"] < 0.25 < difference["high"]
    assert even["order_rate_difference"]["estimate"] == 0


@pytest.mark.parametrize(("num_others", "is_broken"), [(34, False), (33, True)], ids=["p = 0.0014", "p = 0.0007"])
def test_a_split_is_broken_below_one_in_a_thousand(empty_shop: Engine, num_others: int, is_broken: bool) -> None:
    for user in range(1, 101):
        arm = "challenger" if user <= num_others else "champion"
        write_log(empty_shop, [(f"r{user}", 1, "7", "impression", 0.0)], user_id=user, arm=arm)

    comparison = build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))["comparison"]

    assert comparison["is_split_broken"] is is_broken


def test_one_variant_that_nobody_saw_is_compared_without_a_difference(empty_shop: Engine) -> None:
    write_log(empty_shop, [("r1", 1, "7", "impression", 0)], arm="champion")

    comparison = build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))["comparison"]

    assert comparison["arms"] == {"champion": 1, "challenger": 0}
    assert comparison["click_rate_difference"] == {"estimate": None, "low": None, "high": None}


def test_who_saw_both_variants_is_named_and_guests_are_in_none(empty_shop: Engine) -> None:
    for number, (user, arm) in enumerate([(1, "champion"), (1, "challenger"), (None, "champion"), (2, None)]):
        write_log(empty_shop, [(f"r{number}", 1, "7", "impression", 0.0)], user_id=user, arm=arm)

    comparison = build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))["comparison"]

    assert (comparison["arms"], comparison["users_in_both"]) == ({"champion": 1, "challenger": 1}, 1)


def test_a_report_reads_so(empty_shop: Engine) -> None:
    for user in range(1, 5):
        arm = "challenger" if user % 2 else "champion"
        log = [(f"r{user}", 1, "7", "impression", 0.0), (f"r{user}", 1, "7", "click", 1.0)]
        write_log(empty_shop, log[: 1 + (user < 3)], user_id=user, arm=arm)

    text = render(build_report(empty_shop, PERIOD, Experiment("challenger", 0.5)))

    assert (
        text
        == """\
Shown from 2026-01-10T12:00:00+00:00 to 2026-01-12T12:00:00+00:00, followed for 72 hours

model version                        shown  clicked  ordered  click rate                order rate
7                                        4        2        0  50.00% [15.00%, 85.00%]   0.00% [0.00%, 48.99%]

rungs                                shown  clicked  ordered  click rate                order rate
published                                4        2        0  50.00% [15.00%, 85.00%]   0.00% [0.00%, 48.99%]

slots                                shown  clicked  ordered  click rate                order rate
00-04                                    4        2        0  50.00% [15.00%, 85.00%]   0.00% [0.00%, 48.99%]

shelf                                shown  clicked  ordered  click rate                order rate
none                                     4        2        0  50.00% [15.00%, 85.00%]   0.00% [0.00%, 48.99%]

Variants (users): champion 2, challenger 2; split as intended (p = 1)
Click rate of the second variant minus the champion's: 0.00% [-138.59%, 138.59%]
Order rate of the second variant minus the champion's: 0.00% [0.00%, 0.00%]
"""
    )


def test_nothing_shown_is_an_empty_report(empty_shop: Engine) -> None:
    report = build_report(empty_shop, PERIOD, Experiment("challenger", 0.5))

    assert (report["by_version"], report["comparison"]) == ({}, None)
    assert "(nothing was shown)" in render(report)


@pytest.mark.parametrize(("position", "name"), [(None, "none"), (0, "00-04"), (5, "05-09"), (49, "20-49"), (50, "50+")])
def test_slots_are_reported_in_ranges(position: int | None, name: str) -> None:
    assert name_slots(position) == name


def test_events_of_one_answer_are_one_impression_each(empty_shop: Engine) -> None:
    write_log(empty_shop)

    with empty_shop.connect() as connection:
        shown = list(fetch_shown(connection, PERIOD))

    assert len(shown) == 5
    assert tally(shown).by_version["7"].clicks == 1


def test_the_command_prints_the_table_and_refuses_a_period_that_ends_before_it_begins(
    empty_shop: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from settings import load_settings

    monkeypatch.setenv("PLATFORM_DATABASE_URL", str(empty_shop.url))
    load_settings.cache_clear()
    write_log(empty_shop)

    code = main(["--since", day(10).isoformat(), "--until", day(12).isoformat()])
    for until in (day(9), day(10)):
        with pytest.raises(SystemExit):
            main(["--since", day(10).isoformat(), "--until", until.isoformat()])
    by_itself = main(["--until", day(12).isoformat()])

    load_settings.cache_clear()
    output = capsys.readouterr().out
    assert code == by_itself == 0
    assert "33.33% [6.15%, 79.23%]" in output
    assert f"Shown from {day(5).isoformat()} to {day(12).isoformat()}" in output  # a week


@pytest.mark.parametrize(
    ("until", "words"), [("2999-01-01", "'2999-01-01' lies in the future"), ("soon", "not an instant: 'soon'")]
)
def test_an_instant_that_is_none_or_to_come_is_refused(
    until: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--until", until])

    assert words in capsys.readouterr().err
