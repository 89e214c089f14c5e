"""What a batch publishes for everybody, read in one statement from each of the three databases."""

from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from api.queries.published import fetch_shared_lists
from api.queries.shelf_statistics import NO_STATISTICS, Engagement
from shop.database import session_scope
from shop.tables import RecommendationBatch
from tests.api.conftest import BATCH, publish_by_hand
from tests.support.tiny_shop import fill_tiny_shop

KEPT = {"until": "2026-11-29T03:00:00+00:00", "engagement": [["active", "popular", 90, 9, 1]]}


@pytest.mark.parametrize("kept", [KEPT, None], ids=["statistics", "none"])
def test_shared_lists_and_statistics_are_one_statement(any_empty_shop: Engine, kept: Any) -> None:
    fill_tiny_shop(any_empty_shop)
    publish_by_hand(any_empty_shop)
    with session_scope(any_empty_shop) as session:
        session.execute(update(RecommendationBatch).values(shelf_statistics=kept))
    statements: list[str] = []
    event.listen(any_empty_shop, "before_cursor_execute", lambda *each: statements.append(each[2]))

    with any_empty_shop.connect() as connection:
        statements.clear()
        shared = fetch_shared_lists(connection, BATCH)

    assert ["FROM" in each for each in statements if not each.startswith("BEGIN")] == [True]
    assert [entry.product_id for entry in shared.popular] == [1, 3, 2, 4, 5]
    assert [entry.product_id for entry in shared.newest] == [6, 5]
    assert set(shared.by_category) == {1, 2, 3}
    expected = NO_STATISTICS.of_kind if kept is None else {"active": {"popular": Engagement(90, 9, 1)}}
    assert shared.shelf_statistics.of_kind == expected
