"""Simulation of the order of shelves on made-up shoppers: `python -m benchmarks.shelves`.

Shoppers of each kind click on shelves at rates that are set here, see fewer of the lower ones, and, in the second
world, click less on what they see low on the page. Day by day pages are ordered by the statistics of the days before
(`api/pages/shelf_order.py`), beside the rule and the best order of the true rates. At the end other orders are
estimated from what was logged, by self-normalised importance sampling at each place, and compared with their true
worth.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from api.pages.shelf_order import OrderRules, ShelfPolicy, make_policy
from api.pages.shelf_proposals import RULE_ORDER
from api.queries.shelf_statistics import Engagement, ShelfStatistics
from command import Command, Result
from deploy.progress import lay_out_table

SHARES = {"active": 0.4, "lapsed": 0.3, "newcomer": 0.1, "guest": 0.2}
"""Of the pages, those of each kind of shoppers."""

RATES = {
    "active": (0.040, 0.012, 0.015, 0.030, 0.010, 0.008),
    "lapsed": (0.015, 0.020, 0.008, 0.045, 0.018, 0.012),
    "newcomer": (0.0, 0.012, 0.0, 0.0, 0.030, 0.022),
    "guest": (0.0, 0.0, 0.0, 0.0, 0.015, 0.025),
}
"""Clicks on a product in view, by kind, of shelves as `RULE_ORDER` has them; 0: the kind has no such shelf."""

PRESENT = {"because_you_bought": 0.8, "with_coupons": 0.3}
"""Share of the pages on which a shelf stands, where it is not all."""

SEEN = (1.0, 0.8, 0.6, 0.45, 0.35, 0.3)
"""Share of shoppers who come as far as a place."""

FADING = (1.0, 0.9, 0.8, 0.72, 0.65, 0.6)
"""Of the clicks on what is in view, how many are left at a place, in the second world."""

PRODUCTS = 6
DAYS = 56
PAGES_A_DAY = (200, 2000)
WINDOW_DAYS = 28
SEED = 31


class LoggedShelf(NamedTuple):
    """A shelf as it was shown: where, how likely that was, and how often it was clicked."""

    code: str
    place: int
    propensity: float
    clicks: int


@dataclass
class World:
    """A simulated shop.

    Attributes:
        fading: share of the clicks that are left at each place.
        rules: how pages are ordered.
        pages_a_day: of all kinds.
        counts: by day, kind and shelf, impressions and clicks.
        logged: pages of the last `WINDOW_DAYS`, by kind and shelves.
    """

    fading: Sequence[float]
    rules: OrderRules
    pages_a_day: int
    counts: dict[int, dict[tuple[str, str], list[int]]] = field(default_factory=dict)
    logged: dict[tuple[str, tuple[str, ...]], list[list[LoggedShelf]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    lost: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def run(self, draws: np.random.Generator) -> None:
        """Simulate all days."""
        for day in range(DAYS):
            self._run_day(day, draws)

    def worth(self, kind: str, order: Sequence[str]) -> float:
        """Return the clicks that a page is expected to have."""
        scale = (seen * left for seen, left in zip(SEEN, self.fading, strict=True))
        return sum(PRODUCTS * rate_of(kind, code) * each for code, each in zip(order, scale, strict=False))

    def _run_day(self, day: int, draws: np.random.Generator) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        statistics = self._count(day, now)
        today: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        policies: dict[tuple[str, tuple[str, ...]], ShelfPolicy] = {}
        kinds = draws.choice(list(SHARES), self.pages_a_day, p=list(SHARES.values()))
        for kind in map(str, kinds):
            page = kind, draw_shelves(kind, draws)
            if page not in policies:
                policies[page] = make_policy(page[1], statistics, kind, self.rules, now)
            policy = policies[page]
            order = policy.draw(int(draws.integers(1 << 40)), now)
            self._note_lost(*page, order)
            num_seen = int(np.searchsorted(-np.asarray(SEEN), -draws.random(), side="right"))
            clicks = [0] * len(order)
            for place, code in enumerate(order[:num_seen]):
                clicks[place] = int(draws.binomial(PRODUCTS, rate_of(kind, code) * self.fading[place]))
                counted = today[kind, code]
                counted[0], counted[1] = counted[0] + PRODUCTS, counted[1] + clicks[place]
            if day >= DAYS - WINDOW_DAYS:
                self.logged[page].append(
                    [LoggedShelf(code, at, policy.propensity(code, at), clicks[at]) for at, code in enumerate(order)]
                )
        self.counts[day] = dict(today)

    def _note_lost(self, kind: str, shelves: Sequence[str], order: Sequence[str]) -> None:
        best = self.worth(kind, sorted(shelves, key=lambda code: -rate_of(kind, code)))
        self.lost["rule"] += (best - self.worth(kind, shelves)) / (DAYS * self.pages_a_day)
        self.lost["shown"] += (best - self.worth(kind, order)) / (DAYS * self.pages_a_day)
        self.lost["best"] += best / (DAYS * self.pages_a_day)

    def _count(self, day: int, now: datetime) -> ShelfStatistics:
        """Add up the days before, as the batch does."""
        sums: dict[str, dict[str, Engagement]] = defaultdict(dict)
        for before in range(max(0, day - WINDOW_DAYS), day):
            for (kind, code), (impressions, clicks) in self.counts[before].items():
                known = sums[kind].get(code, Engagement())
                sums[kind][code] = Engagement(known.impressions + impressions, known.clicks + clicks)
        return ShelfStatistics(sums, now)


def estimate_clicks(pages: Collection[Sequence[LoggedShelf]], target: ShelfPolicy) -> float:
    """Estimate the clicks of a page under another policy (self-normalised importance sampling, place by place).

    Args:
        pages: each with the shelves of the target, by place.
        target: the policy.

    Returns:
        The expected clicks of a page; NaN where a place was never seen as the target has it.
    """
    total = 0.0
    for place in range(len(target.best)):
        shown = [page[place] for page in pages]
        weights = [target.propensity(each.code, place) / each.propensity for each in shown]
        if sum(weights) == 0:
            return float("nan")
        total += sum(w * each.clicks for w, each in zip(weights, shown, strict=True)) / sum(weights)
    return total


@cache
def rate_of(kind: str, code: str) -> float:
    """Return the clicks on a product of a shelf that is in view, at the first place."""
    return RATES[kind][RULE_ORDER.index(code)]


def draw_shelves(kind: str, draws: np.random.Generator) -> tuple[str, ...]:
    """Draw which shelves a page has, in the order by rule."""
    chances = draws.random(len(RULE_ORDER))
    return tuple(
        code
        for code, chance in zip(RULE_ORDER, chances, strict=True)
        if rate_of(kind, code) > 0 and chance < PRESENT.get(code, 1.0)
    )


def compare_estimates(world: World) -> list[dict[str, Any]]:
    """Estimate orders of the most frequent page of active shoppers beside their true worth."""
    page = max((each for each in world.logged if each[0] == "active"), key=lambda each: len(world.logged[each]))
    pages, (kind, shelves) = world.logged[page], page
    shown = Counter(tuple(shelf.code for shelf in one) for one in pages)
    usual = shown.most_common(1)[0][0]
    swapped = (usual[1], usual[0], *usual[2:])
    orders = {"the usual order": usual, "its first two exchanged": swapped, "the rule": shelves}
    return [
        {
            "order": name,
            "estimate": estimate_clicks(pages, ShelfPolicy(order)),
            "truth": world.worth(kind, order),
            "num_pages": len(pages),
        }
        for name, order in orders.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code.
    """
    return Command("benchmarks.shelves", __doc__, has_json=True).run(_run, arguments)


def _run(_options: argparse.Namespace) -> Result:
    rows, estimates = [], list[dict[str, Any]]()
    worlds = {"clicks as in view": (1.0,) * 6, "clicks fade": FADING}
    for (name, fading), pages_a_day, explored in product(worlds.items(), PAGES_A_DAY, (0.0, 0.05, 0.2)):
        world = World(fading, OrderRules(1000, explored), pages_a_day)
        world.run(np.random.default_rng(SEED))
        lost = {key: world.lost[key] for key in ("best", "rule", "shown")}
        rows.append({"world": name, "pages_a_day": pages_a_day, "explored": explored} | lost)
        if explored and pages_a_day == max(PAGES_A_DAY):
            estimates += [{"world": name, "explored": explored} | each for each in compare_estimates(world)]
    return Result(_render(rows) + "\n" + _render(estimates), {"regret": rows, "estimates": estimates})


def _render(rows: list[dict[str, Any]]) -> str:
    cells = [[f"{each:.4f}" if isinstance(each, float) else str(each) for each in row.values()] for row in rows]
    return lay_out_table(tuple(rows[0]), [tuple(each) for each in cells])


if __name__ == "__main__":
    sys.exit(main())
