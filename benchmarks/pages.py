"""Benchmark of what pages hold, on the running installation: `python -m benchmarks.pages [--shoppers 120]`.

Asks for the homepages and shelves of shoppers drawn at random, and counts what a merchant would: slots that show
earlier purchases, pages of nothing else, titles and families that stand twice on a page, restricted departments, pages
that run short, and how many have each shelf. Beside the homepages stands the bare way: the first products of the
shopper's published list that can be sold. For shops whose ids are whole numbers; where nothing runs, it says so.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from api.queries.ranked_list import Entry, parse_entries
from command import Command, Result
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import lay_out_table
from settings import Settings, load_settings
from shop.database import open_engine
from shop.tables import HOME, BatchPointer, Order, OrderItem, Recommendation

SLOTS = 20
SEED = 7
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Shown:
    """One slot of a page."""

    title: str
    category_id: int
    family_id: int | None
    is_repeat: bool


Page = list[Shown]


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.pages", __doc__)
    command.add_argument("--shoppers", type=int, default=120)
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    settings = load_settings()
    if not Supervisor(settings.var_dir).is_running():
        return Result(f"skipped: nothing runs in {settings.var_dir}, `make up` first")
    lists = draw_lists(settings, chosen.shoppers)
    with httpx.Client(base_url=settings.api_url, timeout=TIMEOUT_SECONDS) as api:
        bought = read_purchases(settings, lists)
        pages = [fetch_page(api, user_id, bought[user_id]) for user_id in lists]
        bare = fetch_bare_pages(api, lists, bought)
        shelves = {user_id: fetch(api, "/recommendations/shelves", user_id=user_id)["shelves"] for user_id in lists}
        departments = fetch(api, "/storefront")["departments"]
    restricted = {each["category_id"] for each in departments if each["is_restricted"]}
    whole = [
        [to_shown(product, bought[user]) for shelf in shelves[user] for product in shelf["products"]] for user in lists
    ]
    rows = [(name, *(measure(each, restricted) for each in (pages, bare, whole))) for name, measure in MEASURES.items()]
    head = (f"of {len(pages)} shoppers", "homepage", "first of the list", "shelves")
    return Result(
        lay_out_table(head, rows)
        + "\n\n"
        + lay_out_table(("shelf", "pages", "products"), count_shelves(shelves.values()))
    )


def count_shelves(pages: Iterable[list[Any]]) -> list[tuple[str, str, str]]:
    """Count by shelf the pages that have it, and the products on it in the mean."""
    lengths: dict[str, list[int]] = {}
    for shelf in (shelf for page in pages for shelf in page):
        lengths.setdefault(shelf["code"], []).append(len(shelf["products"]))
    return [(code, str(len(each)), f"{np.mean(each):.1f}") for code, each in lengths.items()]


def read_purchases(settings: Settings, user_ids: Iterable[int]) -> dict[int, set[int]]:
    """Read which products each user ever bought."""
    bought: dict[int, set[int]] = {user_id: set() for user_id in user_ids}
    engine = open_engine(settings.catalogue_database_url, read_only=True)
    lines = select(Order.user_id, OrderItem.product_id).join(OrderItem, OrderItem.order_id == Order.order_id)
    with Session(engine) as session:
        for user_id, product_id in session.execute(
            lines.where(Order.user_id.in_(bought), Order.status != "cancelled", OrderItem.quantity > 0)
        ):
            bought[user_id].add(product_id)
    engine.dispose()
    return bought


def draw_lists(settings: Settings, number: int) -> dict[int, list[Entry]]:
    """Draw shoppers with a list in the batch that is shown; gives the list of each, best first."""
    engine = open_engine(settings.platform_database_url, read_only=True)
    shown = select(BatchPointer.batch_id).where(BatchPointer.name == HOME).scalar_subquery()
    with Session(engine) as session:
        users = sorted(session.scalars(select(Recommendation.user_id).where(Recommendation.batch_id == shown)))
        drawn = np.random.default_rng(SEED).choice(users, min(number, len(users)), replace=False).tolist()
        stored = type_coerce(Recommendation.products, Text)
        lists = select(Recommendation.user_id, stored).where(
            Recommendation.batch_id == shown, Recommendation.user_id.in_(drawn)
        )
        found = {user_id: parse_entries(products) for user_id, products in session.execute(lists)}
    engine.dispose()
    return found


def fetch(api: httpx.Client, path: str, **query: Any) -> Any:
    """Ask the API for a document.

    Raises:
        httpx.HTTPStatusError: the answer is an error.
    """
    return api.get(path, params=query).raise_for_status().json()


def fetch_page(api: httpx.Client, user_id: int, bought: set[int]) -> Page:
    """Return a homepage as the API gives it."""
    home = fetch(api, "/recommendations/home", user_id=user_id, limit=SLOTS, explain=True)
    return [to_shown(each, bought) for each in home["recommendations"]]


def fetch_bare_pages(api: httpx.Client, lists: dict[int, list[Entry]], bought: dict[int, set[int]]) -> list[Page]:
    """Return the pages that the first products of lists would make, without those that cannot be sold."""

    @cache
    def look_up(product_id: int) -> Any:
        answer = api.get(f"/products/{product_id}")
        return answer.json() if answer.is_success and answer.json()["in_stock"] else None

    def fill(user_id: int) -> Page:
        sellable = (look_up(entry.product_id) for entry in lists[user_id])
        return [to_shown(product, bought[user_id]) for product in sellable if product is not None][:SLOTS]

    return [fill(user_id) for user_id in lists]


def to_shown(product: Any, bought: set[int]) -> Shown:
    """Read what counts here of a product as the API describes it."""
    return Shown(product["title"], product["category_id"], product["family_id"], product["product_id"] in bought)


def count_slots(test: Callable[[Shown, set[int]], bool]) -> Callable[[list[Page], set[int]], str]:
    """Return a measure: the share of slots that pass a test."""

    def measure(pages: list[Page], restricted: set[int]) -> str:
        slots = [test(shown, restricted) for page in pages for shown in page]
        return f"{np.mean(slots):.1%}"

    return measure


def count_pages(test: Callable[[Page, set[int]], bool]) -> Callable[[list[Page], set[int]], str]:
    """Return a measure: the number of pages that pass a test."""
    return lambda pages, restricted: str(sum(test(page, restricted) for page in pages))


def has_twice(values: Iterable[Hashable]) -> bool:
    """Return whether a value, other than `None`, is there twice."""
    return any(number > 1 for value, number in Counter(values).items() if value is not None)


MEASURES: dict[str, Callable[[list[Page], set[int]], str]] = {
    "slots of earlier purchases": count_slots(lambda shown, _: shown.is_repeat),
    "slots of what was never bought": count_slots(lambda shown, _: not shown.is_repeat),
    "pages of earlier purchases alone": count_pages(lambda page, _: all(shown.is_repeat for shown in page)),
    "pages with a title twice": count_pages(lambda page, _: has_twice(shown.title for shown in page)),
    "pages with a family twice": count_pages(lambda page, _: has_twice(shown.family_id for shown in page)),
    "pages with a restricted department": count_pages(
        lambda page, restricted: any(shown.category_id in restricted for shown in page)
    ),
    f"pages of fewer than {SLOTS}": count_pages(lambda page, _: len(page) < SLOTS),
}


if __name__ == "__main__":
    sys.exit(main())
