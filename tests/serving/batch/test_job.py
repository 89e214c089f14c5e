import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine, func, select

from features.definitions import BOUGHT
from serving.batch.batch_state import fetch_pointed_batch
from serving.batch.job import LEAST_NEW, LIST_LENGTH, Publication, publish_scores
from shop.database import session_scope
from shop.tables import PopularList, ProductNeighbours, Recommendation
from tests.serving.conftest import NUM_BUCKETS, TrainedShop
from tests.serving.stored_lists import read_stored_rows


def run(trained_shop: TrainedShop, engine: Engine, version: int = 1) -> Publication:
    scoring = trained_shop.score_as(version, engine)
    return publish_scores(scoring, "champion", tell=str)


def test_every_user_has_a_list_of_a_hundred_and_what_is_new_below(
    trained_shop: TrainedShop, shop_of_version: Engine
) -> None:
    publication = run(trained_shop, shop_of_version)

    assert publication.batch_id == fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(1)
    assert publication.num_users == len(trained_shop.snapshot.user_ids()) == 150
    rows = read_stored_rows(shop_of_version, publication.batch_id)
    assert set(rows["user_id"]) == set(trained_shop.snapshot.user_ids().tolist())
    is_new, is_below = pl.col("reason") != BOUGHT, pl.col("rank") > LIST_LENGTH
    assert rows.filter(~is_new & is_below).is_empty()
    lists = rows.group_by("user_id").agg(best=(~is_below).sum(), num_new=is_new.sum())
    assert lists["best"].unique().to_list() == [LIST_LENGTH]
    assert lists["num_new"].min() >= LEAST_NEW


def test_stored_lists_are_the_rankers_to_the_bit(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    publication = run(trained_shop, shop_of_version)

    stored = read_stored_rows(shop_of_version, publication.batch_id)
    users = trained_shop.snapshot.user_ids()
    ranked = trained_shop.ranker.rank(trained_shop.snapshot, users, LIST_LENGTH, least_new=LEAST_NEW)
    assert stored["product_id"].to_list() == ranked["product_id"].to_list()
    np.testing.assert_allclose(stored["score"], ranked["score"], rtol=0, atol=1e-6)
    assert stored["reason"].to_list() == ranked["reason"].to_list()


def test_the_batch_publishes_the_lists_for_everybody(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    publication = run(trained_shop, shop_of_version)

    with session_scope(shop_of_version) as session:
        of_scopes = select(PopularList.scope, func.count()).group_by(PopularList.scope)
        scopes = dict(session.execute(of_scopes).tuples().all())
        of_batch = select(func.count()).where(ProductNeighbours.batch_id == publication.batch_id)
        neighbours = session.scalar(of_batch)
    assert scopes == {"global": 1, "newest": 1, "category": 16}
    assert neighbours > 0


def test_the_same_run_again_shows_the_same_batch(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    first = run(trained_shop, shop_of_version)

    again = run(trained_shop, shop_of_version)

    assert (first.was_written, again.was_written) == (True, False)
    assert (again.batch_id, again.num_rows) == (first.batch_id, first.num_rows)


def test_a_killed_run_resumes_with_the_missing_buckets(
    trained_shop: TrainedShop, shop_of_version: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    scoring = trained_shop.score_as(1, shop_of_version)

    def die_after_two_buckets(line: str) -> None:
        told.append(line)
        if sum("bucket written" in each for each in told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_scores(scoring, "champion", die_after_two_buckets)
    assert fetch_pointed_batch(shop_of_version) is None
    resumed: list[str] = []
    publication = publish_scores(scoring, "champion", resumed.append)

    assert sum("bucket written" in line for line in resumed) == NUM_BUCKETS - 2
    assert publication.num_users == 150
    with session_scope(shop_of_version) as session:
        assert session.scalar(select(func.count()).select_from(Recommendation)) == 150
