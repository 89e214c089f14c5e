"""Crosses: ids that never meet, a bucket for what is missing, one id for what is unknown."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.definitions import CrossedEntity, list_crosses, list_names
from features.ranking.crosses import Crosses
from features.ranking.encoding import Encoder, fit_encoder
from tests.features.ranking.test_encoding import CATEGORIES, PRODUCTS, make_rows


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return fit_encoder(make_rows(), CATEGORIES, PRODUCTS)


def make_ids(encoder: Encoder, entity: CrossedEntity, columns: dict[str, np.ndarray]) -> np.ndarray:
    """Give what is no feature of the entity beforehand, the rest as features."""
    names = list_names(entity)
    features = np.full((len(columns["category_id"]), len(names)), np.nan, dtype=np.float32)
    for name in columns.keys() & set(names):
        features[:, names.index(name)] = columns[name]
    known = {name: values for name, values in columns.items() if name not in names}
    return Crosses(encoder, entity, known).finish(np.arange(len(features)), features)


def cross_columns(entity: CrossedEntity, num_rows: int, **values: float) -> dict[str, np.ndarray]:
    columns = {column for cross in list_crosses(entity) for column in cross.columns}
    return {
        name: np.full(num_rows, values.get(name, 1), dtype=np.int64 if name.endswith("_id") else np.float32)
        for name in columns
    }


def test_an_unknown_product_or_category_has_the_unknown_cross(encoder: Encoder) -> None:
    known, unknown = (cross_columns("pair", 1, category_id=key, product_id=key) for key in (1, 0))

    names = [cross.name for cross in list_crosses("pair")]
    by_id = [any(column.endswith("_id") for column in cross.columns) for cross in list_crosses("pair")]
    assert (make_ids(encoder, "pair", known)[0] > 0).all()
    assert dict(zip(names, make_ids(encoder, "pair", unknown)[0] == 0, strict=True)) == dict(
        zip(names, by_id, strict=True)
    )


def test_missing_and_zero_have_buckets_of_their_own(encoder: Encoder) -> None:
    smallest = encoder.edges["pair_orders"][0]
    values = np.array([np.nan, 0, smallest, 1e6], dtype=np.float32)
    columns = {name: np.repeat(held, 4) for name, held in cross_columns("pair", 1).items()} | {"pair_orders": values}

    ids = make_ids(encoder, "pair", columns)[
        :, [cross.name for cross in list_crosses("pair")].index("times_bought_x_due")
    ]

    assert smallest > 0
    assert ids[0] < ids[1] < ids[2] < ids[3]


@pytest.mark.parametrize("entity", ["user_category", "pair"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_crosses_collide_only_where_all_their_buckets_agree(
    encoder: Encoder, entity: CrossedEntity, data: st.DataObject
) -> None:
    columns = {
        name: np.array(data.draw(st.lists(cells(name), min_size=2, max_size=2)), dtype=held.dtype)
        for name, held in cross_columns(entity, 1).items()
    }

    first, second = make_ids(encoder, entity, columns)

    for index, cross in enumerate(list_crosses(entity)):
        buckets = [[bucket_of(encoder, name, columns[name][row]) for name in cross.columns] for row in (0, 1)]
        is_unknown = [any(name.endswith("_id") and columns[name][row] == 0 for name in cross.columns) for row in (0, 1)]
        if any(is_unknown):
            assert (first[index] == 0, second[index] == 0) == tuple(is_unknown)
        else:
            assert (first[index] == second[index]) == (buckets[0] == buckets[1]), cross.name
    assert max(*first, *second) < encoder.num_crosses(entity)


def cells(name: str) -> st.SearchStrategy:
    return st.integers(0, 3) if name.endswith("_id") else st.floats(-5, 500, width=32) | st.just(float("nan"))


def bucket_of(encoder: Encoder, name: str, value: float) -> int:
    """Count the edges at or below a value; -1 for missing."""
    if name.endswith("_id"):
        return int(value)
    return -1 if np.isnan(value) else sum(edge <= value for edge in encoder.edges[name])


def test_different_crosses_never_share_an_id(encoder: Encoder) -> None:
    generator = np.random.default_rng(2)
    columns = {
        name: generator.integers(0, 4, 5000) if name.endswith("_id") else generator.lognormal(1, 2, 5000)
        for name in cross_columns("pair", 1)
    }

    ids = make_ids(encoder, "pair", columns)

    known = [set(column) - {0} for column in ids.T]
    assert all(max(left) < min(right) for left, right in pairwise(known))
