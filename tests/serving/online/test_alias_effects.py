"""Rolling back shows the kept lists of a version again, without scoring."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from serving.batch.batch_state import fetch_pointed_batch, move_pointer, open_batch
from serving.batch.job import publish_scores
from serving.online.alias_effects import show_kept_lists
from tests.serving.conftest import AS_OF, TrainedShop


@pytest.fixture
def published_twice(trained_shop: TrainedShop, shop_of_version: Engine) -> Engine:
    """Version 1 published, then version 2: shoppers see version 2."""
    for version in (1, 2):
        scoring = trained_shop.score_as(version, shop_of_version)
        publish_scores(scoring, "champion", str)
    return shop_of_version


def test_kept_lists_are_shown_again_under_a_new_epoch(published_twice: Engine, trained_shop: TrainedShop) -> None:
    before = open_batch(published_twice, trained_shop.batch_id(2), AS_OF, "2", "champion")

    assert show_kept_lists(published_twice, trained_shop.model(1)) == trained_shop.batch_id(1)

    assert fetch_pointed_batch(published_twice) == trained_shop.batch_id(1)
    with pytest.raises(Exception, match="overtaken"):  # a scoring that began before is fenced off
        move_pointer(published_twice, before)


def test_what_shoppers_see_already_is_left_alone(published_twice: Engine, trained_shop: TrainedShop) -> None:
    assert show_kept_lists(published_twice, trained_shop.model(2)) is None


def test_a_version_without_lists_waits_to_be_scored(published_twice: Engine, trained_shop: TrainedShop) -> None:
    assert show_kept_lists(published_twice, trained_shop.model(3)) is None
    assert fetch_pointed_batch(published_twice) == trained_shop.batch_id(2)


def test_a_batch_that_was_never_finished_is_not_shown(published_twice: Engine, trained_shop: TrainedShop) -> None:
    open_batch(published_twice, f"20260702-{trained_shop.model(3)}-x", AS_OF + timedelta(days=1), "3", "champion")

    assert show_kept_lists(published_twice, trained_shop.model(3)) is None


def test_lists_that_a_slow_scoring_published_after_a_move_give_way(
    published_twice: Engine, trained_shop: TrainedShop
) -> None:
    assert show_kept_lists(published_twice, trained_shop.model(1), has_moved=False) == trained_shop.batch_id(1)


def test_lists_published_by_naming_their_version_stay_until_the_alias_moves(
    trained_shop: TrainedShop, published_twice: Engine
) -> None:
    scoring = trained_shop.score_as(3, published_twice)
    publish_scores(scoring, None, str)

    assert show_kept_lists(published_twice, trained_shop.model(2), has_moved=False) is None
    assert show_kept_lists(published_twice, trained_shop.model(2), has_moved=True) == trained_shop.batch_id(2)
