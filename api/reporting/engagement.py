"""Click and order rates by model version, rung, slot, shelf and variant, and what exchanged shelves would bring.

By hand: `python -m api.reporting.engagement [--since T] [--until T] [--json]`.

Exit codes: 0 reported, 1 the platform's database did not answer.
"""

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from api.pages.experiment import CHAMPION, Experiment
from api.reporting.attribution import Attribution, Exchange, Period, Tally, count_unverified, fetch_shown, tally
from api.reporting.statistics import Interval, Ratio, difference, ratio_of_sums, split_p_value, wilson
from command import Command, Result, parse_hours, parse_instant
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine

DAYS = 7
WINDOW = timedelta(hours=72)
BROKEN_SPLIT = 0.001


def build_report(engine: Engine, period: Period, experiment: Experiment) -> dict[str, Any]:
    """Count and estimate everything, as plain JSON.

    Args:
        engine: the platform's database.
        period: which impressions, and how long their clicks and orders count.
        experiment: what is compared now, for the intended split.
    """
    with engine.connect() as connection:
        attribution = tally(fetch_shown(connection, period))
        unverified_events = count_unverified(connection, period)
    return {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "window_hours": period.window.total_seconds() / 3600,
        "by_version": _rates(attribution.by_version),
        "by_rung": _rates(attribution.by_rung),
        "by_slot": _rates(attribution.by_slot),
        "by_shelf": _rates(attribution.by_shelf),
        "exchanged_shelves": {code: _exchange(each) for code, each in sorted(attribution.by_exchange.items())},
        "unverified_events": unverified_events,
        "comparison": _compare(attribution, experiment),
    }


def _rates(tallies: dict[str, Tally]) -> dict[str, Any]:
    return {
        name: asdict(counted)
        | {
            "click_rate": wilson(counted.clicks, counted.impressions)._asdict(),
            "order_rate": wilson(counted.orders, counted.impressions)._asdict(),
        }
        for name, counted in sorted(tallies.items())
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    """Compare the places of a shelf, by users: rates as if all whose pages explore had seen it so."""
    usual, exchanged = exchange.usual, exchange.exchanged
    return {
        "users": {"usual": len(usual), "exchanged": len(exchanged)},
        "click_rate": {"usual": _rate(usual, "clicks"), "exchanged": _rate(exchanged, "clicks")},
        "click_rate_difference": _difference(usual, exchanged, "clicks")._asdict(),
        "order_rate_difference": _difference(usual, exchanged, "orders")._asdict(),
    }


def _compare(attribution: Attribution, experiment: Experiment) -> dict[str, Any] | None:
    """Compare the second alias with the champion, by users; `None` when nobody saw either variant of it."""
    champion, other = attribution.by_variant.get(CHAMPION, {}), attribution.by_variant.get(experiment.alias, {})
    if not experiment.alias or not (champion or other):
        return None
    p_value = split_p_value((len(champion), len(other)), experiment.share)
    return {
        "arms": {CHAMPION: len(champion), experiment.alias: len(other)},
        "intended_share": experiment.share,
        "split_p_value": p_value,
        "is_split_broken": p_value is not None and p_value < BROKEN_SPLIT,
        "users_in_both": len(champion.keys() & other.keys()),
        "click_rate_difference": _difference(champion, other, "clicks")._asdict(),
        "order_rate_difference": _difference(champion, other, "orders")._asdict(),
    }


def _difference(left: dict[int, Tally], right: dict[int, Tally], name: str) -> Interval:
    return difference(_ratio(left, name), _ratio(right, name))


def _rate(tallies: dict[int, Tally], name: str) -> float | None:
    ratio = _ratio(tallies, name)
    return None if ratio is None else ratio.estimate


def _ratio(tallies: dict[int, Tally], name: str) -> Ratio | None:
    return ratio_of_sums((getattr(counted, name), counted.impressions) for counted in tallies.values())


def render(report: dict[str, Any]) -> str:
    """Lay the report out for people."""
    lines = [f"Shown from {report['since']} to {report['until']}, followed for {report['window_hours']:g} hours"]
    tables = {"model version": "by_version", "rungs": "by_rung", "slots": "by_slot", "shelf": "by_shelf"}
    for title, name in tables.items():
        lines += ["", f"{title:<32}{'shown':>10}{'clicked':>9}{'ordered':>9}  {'click rate':<26}order rate"]
        lines += [_render_row(key, row) for key, row in report[name].items()] or ["(nothing was shown)"]
    if report["exchanged_shelves"]:
        lines += [
            "",
            f"{'shelf a place off its usual one':<32}{'users':>10}{'usual':>9}  click rate exchanged minus usual",
        ]
        lines += [_render_exchange(code, row) for code, row in report["exchanged_shelves"].items()]
    if report["unverified_events"]:
        lines += ["", f"Left out: {report['unverified_events']:,} events that name an answer which nobody was given"]
    comparison = report["comparison"]
    if comparison:
        variants = ", ".join(f"{name} {users}" for name, users in comparison["arms"].items())
        verdict = "BROKEN: do not read on" if comparison["is_split_broken"] else "as intended"
        lines += ["", f"Variants (users): {variants}; split {verdict} (p = {comparison['split_p_value']:.3g})"]
        lines += [
            f"{what} of the second variant minus the champion's: {_render_interval(comparison[key])}"
            for what, key in (("Click rate", "click_rate_difference"), ("Order rate", "order_rate_difference"))
        ]
    return "\n".join(lines) + "\n"


def _render_row(key: str, row: dict[str, Any]) -> str:
    rates = f"{_render_interval(row['click_rate']):<26}{_render_interval(row['order_rate'])}"
    return f"{key[:31]:<32}{row['impressions']:>10,}{row['clicks']:>9,}{row['orders']:>9,}  {rates}"


def _render_exchange(code: str, row: dict[str, Any]) -> str:
    usual = row["click_rate"]["usual"]
    rate = "-" if usual is None else f"{usual:.2%}"
    users = row["users"]["exchanged"]
    return f"{code[:31]:<32}{users:>10,}{rate:>9}  {_render_interval(row['click_rate_difference'])}"


def _render_interval(interval: dict[str, float | None]) -> str:
    estimate, low, high = interval["estimate"], interval["low"], interval["high"]
    if estimate is None or low is None or high is None:
        return "too few users"
    return f"{estimate:.2%} [{low:.2%}, {high:.2%}]"


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code; see the module's docstring.
    """
    command = Command("api.reporting.engagement", __doc__, has_json=True)
    command.add_argument("--since", type=parse_instant, help=f"first impression (default: {DAYS} days before --until)")
    command.add_argument("--until", type=parse_instant, help="impressions before this instant (default: now)")
    command.add_argument(
        "--window-hours", type=parse_hours, default=WINDOW, metavar="HOURS", help="how long clicks and orders count"
    )
    return command.run(_report, arguments, (ShopFailedError,))


def _report(options: argparse.Namespace) -> Result:
    until = options.until or datetime.now(UTC)
    period = Period(options.since or until - timedelta(days=DAYS), until, options.window_hours)
    if period.since >= period.until:
        raise argparse.ArgumentError(None, "--since must be before --until")
    settings = load_settings()
    experiment = Experiment(settings.compared_alias, settings.compared_share)
    with engine_scope(open_engine(settings.platform_database_url, read_only=True, read_timeout_seconds=600)) as engine:
        report = build_report(engine, period, experiment)
    return Result(render(report), report)


if __name__ == "__main__":
    sys.exit(main())
