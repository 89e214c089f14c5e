import polars as pl
import pytest

from features.snapshot.buckets import BucketChoice, NoSuchBucketError, assign_bucket, find_buckets, parse_buckets


def buckets_of(user_ids: pl.Series, num_buckets: int) -> pl.Series:
    return pl.DataFrame({"user_id": user_ids}).select(assign_bucket(pl.col("user_id"), num_buckets)).to_series()


@pytest.mark.parametrize("num_buckets", [2, 3, 4, 7, 16, 64])
@pytest.mark.parametrize("step", [1, 2, 10, 64, 1000])
def test_regular_ids_spread_evenly(num_buckets: int, step: int) -> None:
    counts = buckets_of(pl.int_range(0, 20_000 * step, step, eager=True), num_buckets).value_counts()["count"]

    assert len(counts) == num_buckets
    assert counts.min() > 0.9 * 20_000 / num_buckets
    assert counts.max() < 1.1 * 20_000 / num_buckets


def test_one_bucket_holds_everyone() -> None:
    assert set(buckets_of(pl.Series([0, 1, 2**40]), 1)) == {0}


def test_buckets_never_move() -> None:
    """Stored partitions depend on these numbers: another hash needs every snapshot rebuilt."""
    assert buckets_of(pl.Series([0, 1, 2, 3, 1000, 2**31, 2**53]), 4).to_list() == [0, 0, 1, 2, 3, 0, 0]
    large = pl.Series([2**31 + 5, 2**32 + 7, 3**31 + 11, 123_456_789_012, 2**62 + 3])
    assert buckets_of(large, 64).to_list() == [48, 42, 24, 51, 54]


def test_large_ids_stay_within_range() -> None:
    buckets = buckets_of(pl.Series([2**62, 2**63 - 1]), 5)

    assert buckets.is_between(0, 4).all()


@pytest.mark.parametrize("num_buckets", [1, 3, 4, 64])
@pytest.mark.parametrize("num_parts", [1, 2, 5])
def test_parts_cover_every_bucket_once(num_buckets: int, num_parts: int) -> None:
    parts = [parse_buckets(f"{part}/{num_parts}").select(num_buckets) for part in range(1, num_parts + 1)]

    assert [bucket for part in parts for bucket in part] == list(range(num_buckets))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_range_is_what_it_names() -> None:
    assert list(BucketChoice("1-2", 1, last=2).select(3)) == [1, 2]
    with pytest.raises(NoSuchBucketError):
        parse_buckets("3").select(3)


@pytest.mark.parametrize("num_buckets", [1, 3, 64])
def test_a_user_is_looked_for_in_the_bucket_that_holds_it(num_buckets: int) -> None:
    user_ids = pl.Series([0, 1, 2, 3, 1000, 2**31 + 5, 123_456_789_012, 2**63 - 1])

    found = find_buckets(user_ids.to_numpy(), num_buckets)

    assert found.tolist() == buckets_of(user_ids, num_buckets).to_list()
