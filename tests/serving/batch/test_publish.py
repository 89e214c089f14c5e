import polars as pl
import pytest
from sqlalchemy import Engine, func, select

from serving.batch.batch_state import PublicationError, fetch_pointed_batch, move_pointer
from serving.batch.lists import encode_lists
from serving.batch.publish import audit_batch, fetch_written_buckets, write_bucket, write_lists
from serving.batch.statistics import BatchFacts, measure
from shop.database import session_scope
from shop.tables import AuditLog, BatchPointer, Recommendation, RecommendationBatch
from tests.serving.ranked import TINY_CATALOGUE, finish, open_named, publish, ranked
from tests.serving.stored_lists import read_stored_rows
from tests.support.tiny_shop import day, fill_tiny_shop

LISTS = {1: [1, 3, 5], 2: [5, 3, 1], 3: [3, 1, 6]}
OTHER_LISTS = {1: [5, 6, 1], 2: [6, 1, 5], 3: [1, 5, 3]}


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    """The tiny shop, on SQLite and on MySQL."""
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def fetch_batch(engine: Engine, batch_id: str) -> RecommendationBatch:
    with session_scope(engine) as session:
        row = session.get_one(RecommendationBatch, batch_id)
        session.expunge(row)
        return row


def test_a_published_batch_equals_its_manifest(shop: Engine) -> None:
    batch = publish(shop, "1", LISTS)

    row = fetch_batch(shop, batch.batch_id)
    stored = read_stored_rows(shop, batch.batch_id)
    facts = measure(stored, full_length=3)
    assert fetch_pointed_batch(shop) == batch.batch_id
    assert (row.state, row.num_users, row.num_rows) == ("published", 3, 9)
    assert row.checksum == f"{facts.checksum:016x}"
    assert stored.equals(ranked(LISTS))
    assert all(finding["passed"] for finding in row.audit.values())


def test_the_same_run_twice_changes_no_list(shop: Engine) -> None:
    first = publish(shop, "1", LISTS)
    checksum = fetch_batch(shop, first.batch_id).checksum

    again = open_named(shop, day(25), "1", "champion")

    assert again.batch_id == first.batch_id
    assert again.is_complete
    assert move_pointer(shop, again) == first.batch_id
    assert fetch_batch(shop, first.batch_id).checksum == checksum


def test_a_refused_batch_leaves_the_pointer_and_names_the_rule(shop: Engine) -> None:
    good = publish(shop, "1", LISTS)

    with pytest.raises(PublicationError, match="lists_with_repeats: 1"):
        publish(shop, "2", {**LISTS, 3: [3, 3, 1]})

    with session_scope(shop) as session:
        log = session.scalars(select(AuditLog).order_by(AuditLog.audit_id)).all()
        assert [(line.action, line.reason) for line in log] == [
            ("publish", "epoch 1"),
            ("refuse", "broken rules: lists_with_repeats"),
        ]
    assert fetch_pointed_batch(shop) == good.batch_id
    assert fetch_batch(shop, "20260125T120000Z-v2").state == "refused"


def test_scores_that_are_not_numbers_are_refused(shop: Engine) -> None:
    batch = open_named(shop, day(25), "1", "champion")
    piece = ranked(LISTS).with_columns(score=pl.lit(float("nan"), dtype=pl.Float32))

    facts = write_bucket(shop, batch, 0, [piece], full_length=3)

    with pytest.raises(PublicationError, match="non_finite_scores: 9"):
        audit_batch(shop, batch, facts, TINY_CATALOGUE, expected_users=3, previous=None)


def test_products_that_the_shop_does_not_know_are_refused(shop: Engine) -> None:
    with pytest.raises(PublicationError, match=r"unknown_products: 0\.3333"):
        publish(shop, "1", {user: [1, 3, 999] for user in (1, 2, 3)})


def test_a_list_that_the_database_lost_is_noticed(shop: Engine) -> None:
    batch = open_named(shop, day(25), "1", "champion")
    facts = write_bucket(shop, batch, 0, [ranked(LISTS)], full_length=3)
    with session_scope(shop) as session:
        session.delete(session.get_one(Recommendation, (batch.batch_id, 2)))

    with pytest.raises(PublicationError, match="stored_users"):
        audit_batch(shop, batch, facts, TINY_CATALOGUE, expected_users=3, previous=None)


def test_a_refused_batch_can_be_written_again(shop: Engine) -> None:
    with pytest.raises(PublicationError):
        publish(shop, "1", {**LISTS, 3: [3, 3, 1]})

    batch = publish(shop, "1", LISTS)

    assert fetch_pointed_batch(shop) == batch.batch_id
    assert read_stored_rows(shop, batch.batch_id).equals(ranked(LISTS))


def test_an_overtaken_run_cannot_put_its_lists_back(shop: Engine) -> None:
    slow = open_named(shop, day(25), "1", "champion")
    fast = publish(shop, "2", OTHER_LISTS)

    with pytest.raises(PublicationError, match="overtaken"):
        finish(shop, slow, LISTS)

    assert fetch_pointed_batch(shop) == fast.batch_id


def test_an_old_batch_is_shown_again_by_opening_it_again(shop: Engine) -> None:
    old = publish(shop, "1", LISTS)
    publish(shop, "2", OTHER_LISTS)

    move_pointer(shop, open_named(shop, day(25), "1", "champion"))

    with session_scope(shop) as session:
        pointer = session.get_one(BatchPointer, "home")
        assert (pointer.batch_id, pointer.epoch) == (old.batch_id, 3)


def test_a_resumed_run_writes_only_the_missing_buckets(shop: Engine) -> None:
    batch = open_named(shop, day(25), "1", "champion")
    write_bucket(shop, batch, 0, [ranked({2: LISTS[2]})], full_length=3)
    half_of_a_bucket = ranked({1: [6, 6, 6]})
    write_lists(shop, batch, "recommendations", encode_lists(half_of_a_bucket, ["user_id"]))

    resumed = open_named(shop, day(25), "1", "champion")

    assert set(fetch_written_buckets(shop, resumed)) == {0}
    finish(shop, resumed, LISTS)
    assert read_stored_rows(shop, batch.batch_id).equals(ranked(LISTS))


def test_lists_are_only_written_to_tables_of_lists(shop: Engine) -> None:
    batch = open_named(shop, day(25), "1", None)

    with pytest.raises(ValueError, match="users"):
        write_lists(shop, batch, "users", encode_lists(ranked(LISTS), ["user_id"]))


def test_overlap_compares_with_what_shoppers_see(shop: Engine) -> None:
    many = {user: [[1, 3, 5], [3, 5, 1]][user % 2] for user in range(1, 201)}
    previous = publish(shop, "1", many)
    batch = open_named(shop, day(25), "2", None)
    facts = BatchFacts()
    for bucket in (0, 1):
        mine = {user: [[2, 4, 6], [4, 6, 2]][bucket] for user in many if user % 2 == bucket}
        facts.add(write_bucket(shop, batch, bucket, [ranked(mine)], full_length=3))

    with pytest.raises(PublicationError, match=r"overlap: 0, wanted >= 0\.02"):
        audit_batch(shop, batch, facts, TINY_CATALOGUE, expected_users=200, previous=previous.batch_id)


def test_every_open_takes_a_larger_epoch(shop: Engine) -> None:
    epochs = [open_named(shop, day(25), version, None).epoch for version in ("1", "2", "1", "3")]

    assert epochs == [1, 2, 3, 4]
    with session_scope(shop) as session:
        assert session.scalar(select(func.count()).select_from(RecommendationBatch)) == 3
