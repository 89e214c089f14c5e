"""Rolling back shows the kept lists of a version again, without scoring."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from serving.batch.batch_state import fetch_pointed_batch, move_pointer, open_batch
from serving.batch.job import Scoring, publish_scores
from serving.online.alias_effects import show_kept_lists
from tests.serving.conftest import AS_OF, TrainedShop


@pytest.fixture
def published_twice(trained_shop: TrainedShop, shop_of_version: Engine) -> Engine:
    """Version 1 published, then version 2: shoppers see version 2."""
    for version in (1, 2):
        scoring = Scoring(version, trained_shop.ranker, trained_shop.store, AS_OF, shop_of_version)
        publish_scores(scoring, "champion", str)
    return shop_of_version


def test_kept_lists_are_shown_again_under_a_new_epoch(published_twice: Engine) -> None:
    before = open_batch(published_twice, AS_OF, "2", "champion")

    assert show_kept_lists(published_twice, "1") == "20260701T000000Z-v1"

    assert fetch_pointed_batch(published_twice) == "20260701T000000Z-v1"
    with pytest.raises(Exception, match="overtaken"):  # a scoring that began before is fenced off
        move_pointer(published_twice, before)


def test_what_shoppers_see_already_is_left_alone(published_twice: Engine) -> None:
    assert show_kept_lists(published_twice, "2") is None


def test_a_version_without_lists_waits_to_be_scored(published_twice: Engine) -> None:
    assert show_kept_lists(published_twice, "3") is None
    assert fetch_pointed_batch(published_twice) == "20260701T000000Z-v2"


def test_a_batch_that_was_never_finished_is_not_shown(published_twice: Engine) -> None:
    open_batch(published_twice, AS_OF + timedelta(days=1), "3", "champion")

    assert show_kept_lists(published_twice, "3") is None


def test_lists_that_a_slow_scoring_published_after_a_move_give_way(published_twice: Engine) -> None:
    assert show_kept_lists(published_twice, "1", has_moved=False) == "20260701T000000Z-v1"


def test_lists_published_by_naming_their_version_stay_until_the_alias_moves(
    trained_shop: TrainedShop, published_twice: Engine
) -> None:
    scoring = Scoring(3, trained_shop.ranker, trained_shop.store, AS_OF, published_twice)
    publish_scores(scoring, None, str)

    assert show_kept_lists(published_twice, "2", has_moved=False) is None
    assert show_kept_lists(published_twice, "2", has_moved=True) == "20260701T000000Z-v2"
