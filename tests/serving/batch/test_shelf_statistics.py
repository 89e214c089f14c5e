"""Engagement with shelves equals a hand count, by kind of shoppers, and is kept with the batch before it is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import polars as pl
from sqlalchemy import Engine, insert, select

from serving.batch.batch_state import fetch_pointed_batch, open_batch
from serving.batch.job import publish_scores
from serving.batch.shelf_statistics import WINDOW, count_engagement, write_shelf_statistics
from shop.database import session_scope
from shop.tables import ACTIVE_DAYS, Event, RecommendationBatch
from tests.serving.conftest import AS_OF, TrainedShop

NOW = datetime.now(UTC)

LOG: list[tuple[str, int, str, str | None]] = [
    # request, product, type, shelf
    ("r1", 1, "impression", "popular"),  #  r1/1: reported twice, clicked twice, ordered: counts once each
    ("r1", 1, "impression", "popular"),
    ("r1", 1, "click", "popular"),
    ("r1", 1, "click", "popular"),
    ("r1", 1, "order", "popular"),
    ("r1", 2, "impression", "popular"),
    ("r1", 3, "impression", "just_in"),
    ("r1", 3, "cart", "just_in"),
    ("r2", 3, "impression", "just_in"),  #  r2/3: the same product in another answer
    ("r2", 3, "click", "just_in"),
    ("r2", 4, "click", "just_in"),  #       never shown
    ("r3", 4, "impression", None),  #       on no shelf
]


def write_log(engine: Engine, log: list[tuple[str, int, str, str | None]] = LOG, **fields: Any) -> None:
    rows = [
        {
            "event_key": uuid4().hex,
            "user_id": 1,
            "request_id": request,
            "product_id": product,
            "event_type": kind,
            "shelf": shelf,
            "place": 0 if shelf else None,
            "propensity": 1.0 if shelf else None,
            "occurred_at": NOW - timedelta(hours=1),
        }
        | fields
        for request, product, kind, shelf in log
    ]
    with session_scope(engine) as session:
        session.execute(insert(Event), rows)


def count(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return count_engagement(connection, NOW).sort("user_id", "shelf").rows()


def test_engagement_equals_the_hand_count(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop)
    write_log(any_empty_shop, LOG[:1], user_id=None)
    write_log(any_empty_shop, LOG[:1], user_id=2)

    assert count(any_empty_shop) == [
        (None, "popular", 1, 0, 0),
        (1, "just_in", 2, 1, 0),
        (1, "popular", 2, 1, 1),
        (2, "popular", 1, 0, 0),
    ]


def test_what_stood_on_no_page_of_shelves_and_what_is_old_does_not_count(any_empty_shop: Engine) -> None:
    write_log(any_empty_shop, place=None)
    write_log(any_empty_shop, occurred_at=NOW - WINDOW - timedelta(seconds=1))
    write_log(any_empty_shop, occurred_at=NOW)

    assert count(any_empty_shop) == []


def test_kinds_are_told_by_the_snapshot(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    ages = trained_shop.snapshot.users.select("user_id", "user_days_since_order")
    never = ages.filter(pl.col("user_days_since_order").is_null())
    active = ages.filter(pl.col("user_days_since_order") <= ACTIVE_DAYS)["user_id"][0]
    lapsed = ages.filter(pl.col("user_days_since_order") > ACTIVE_DAYS)["user_id"][0]
    assert ages["user_days_since_order"].max() > 60, "in days, not transformed"
    assert ages["user_days_since_order"].is_nan().sum() == 0
    newcomers = [9_999_999, *never["user_id"].head(1)]
    for user_id in (active, lapsed, None, *newcomers):
        write_log(shop_of_version, LOG[:5], user_id=user_id)
    batch = open_batch(shop_of_version, trained_shop.batch_id(1), AS_OF, "1", None)

    write_shelf_statistics(shop_of_version, batch, trained_shop.store, NOW)

    num_newcomers = len(newcomers)
    assert fetch_statistics(shop_of_version, batch.batch_id) == {
        "until": NOW.isoformat(),
        "engagement": [
            ["active", "popular", 1, 1, 1],
            ["guest", "popular", 1, 1, 1],
            ["lapsed", "popular", 1, 1, 1],
            ["newcomer", "popular", num_newcomers, num_newcomers, num_newcomers],
        ],
    }


def test_a_published_batch_holds_them(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    write_log(shop_of_version, user_id=None)

    publish_scores(trained_shop.score_as(1, shop_of_version), "champion", tell=str)

    shown = fetch_pointed_batch(shop_of_version)
    assert shown is not None
    kept = fetch_statistics(shop_of_version, shown)
    assert kept["engagement"] == [["guest", "just_in", 2, 1, 0], ["guest", "popular", 2, 1, 1]]
    assert datetime.fromisoformat(kept["until"]) > NOW


def fetch_statistics(engine: Engine, batch_id: str) -> Any:
    with session_scope(engine) as session:
        of_batch = select(RecommendationBatch.shelf_statistics).where(RecommendationBatch.batch_id == batch_id)
        return session.scalar(of_batch)
