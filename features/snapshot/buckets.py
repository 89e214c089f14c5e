"""User buckets, the unit of scale: per-user tables are partitioned by them, workers take one each."""

import polars as pl

# Fibonacci hashing (Knuth, TAOCP 3, 6.4): 2^31 divided by the golden ratio, made odd, spreads consecutive ids evenly.
_MULTIPLIER = 1_327_217_885


def assign_bucket(user_id: pl.Expr, num_buckets: int) -> pl.Expr:
    """Return the bucket of each user, 0 <= bucket < num_buckets; stable across runs, machines and versions."""
    mixed = (user_id % 2**31) * _MULTIPLIER % 2**31
    return ((mixed // 2**8) % num_buckets).cast(pl.Int32).alias("bucket")
