"""Labels of a window are what could be ranked at its start."""

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse

from features.snapshot import spreading
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.features.purchase_rows import AS_OF, make_purchases
from tests.support import synthetic
from training.data.shops import SampledShop, load_shop
from training.data.windows import Window, list_window_starts, open_window, open_window_of, sample_users

START = AS_OF - timedelta(days=28)
ROWS = [(user, product, days) for user in (1, 2) for product in (1, 2, 3) for days in (100.0, 10.0)]


def sell_out(purchases: Purchases, product_id: int, days_before_start: float) -> Purchases:
    change = pl.DataFrame(
        {
            "product_id": [product_id],
            "since": [START - timedelta(days=days_before_start)],
            "is_visible": [True],
            "is_sellable": [False],
        },
        schema=purchases.availability.schema,
    )
    return replace(purchases, availability=pl.concat([purchases.availability, change]).sort("since"))


def test_what_was_sold_out_at_the_start_is_no_label_though_its_category_is() -> None:
    window = open_window(sell_out(make_purchases(ROWS), 2, days_before_start=1), START, 28)

    assert sorted(set(window.arrays.product_ids[window.products.items])) == [1, 3]
    assert sorted(set(window.arrays.category_ids[window.categories.items])) == [1, 2, 3]


def test_what_was_sold_out_only_later_is_a_label() -> None:
    window = open_window(sell_out(make_purchases(ROWS), 2, days_before_start=-1), START, 28)

    assert sorted(set(window.arrays.product_ids[window.products.items])) == [1, 2, 3]


def test_what_was_not_known_at_the_start_stays_a_label_that_nobody_could_find() -> None:
    window = open_window(make_purchases([*ROWS, (1, 9, 5.0)]), START, 28)

    assert (window.products.items == -1).sum() == 1


CUT = synthetic.AS_OF - timedelta(days=28)


@pytest.fixture(scope="module")
def whole(synthetic_store: MLStore) -> Window:
    return open_window(load_purchases(synthetic_store, synthetic.AS_OF), CUT, 28)


@pytest.fixture(scope="module")
def sampled_shop(synthetic_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> SampledShop:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spreading, "LINES_AT_ONCE", 1000)
        versions, scratch = synthetic_store.versions(), tmp_path_factory.mktemp("lines")
        shop = load_shop(synthetic_store, synthetic.AS_OF, versions, scratch, seed=31)
    assert isinstance(shop, SampledShop)
    return shop


def equal(first: Any, second: Any) -> bool:
    if scipy.sparse.issparse(first):
        return bool((first != second).nnz == 0)
    return bool(np.array_equal(first, second, equal_nan=np.asarray(first).dtype.kind == "f"))


def test_a_window_whose_buyers_are_all_sampled_is_that_of_the_whole_shop(
    whole: Window, sampled_shop: SampledShop
) -> None:
    window = open_window_of(sampled_shop, CUT, 28, most_buyers=1000)

    for item in fields(SnapshotArrays):
        if item.name != "totals":
            assert equal(getattr(window.arrays, item.name), getattr(whole.arrays, item.name)), item.name
    for mine, theirs in ((window.products, whole.products), (window.categories, whole.categories)):
        known = theirs.take(theirs.users >= 0)
        for name in ("users", "items", "num_orders", "is_first"):
            assert equal(getattr(mine.take(mine.users >= 0), name), getattr(known, name)), name


def test_a_shop_in_files_and_one_in_memory_have_the_same_windows(
    synthetic_store: MLStore, sampled_shop: SampledShop, tmp_path: Path
) -> None:
    versions, config = synthetic_store.versions(), synthetic.SMALL_CONFIG.data
    in_memory = load_shop(synthetic_store, synthetic.AS_OF, versions, tmp_path, seed=31)

    starts = [list_window_starts(shop, synthetic.AS_OF, config) for shop in (sampled_shop, in_memory)]
    assert starts[0] == starts[1] != []
    assert not list(tmp_path.iterdir())


def test_a_window_of_few_buyers_has_the_products_of_all(whole: Window, sampled_shop: SampledShop) -> None:
    window = open_window_of(sampled_shop, CUT, 28, most_buyers=20)

    assert 0 < len(window.users_with_labels()) <= 20
    assert len(window.arrays.user_ids) < len(whole.arrays.user_ids) / 2
    assert equal(window.arrays.products, whole.arrays.products)
    assert equal(window.arrays.audiences, whole.arrays.audiences)
    assert equal(window.arrays.neighbours, whole.arrays.neighbours)
    assert len(window.weigh_users(window.users_with_labels())) == len(window.users_with_labels())


def test_a_sample_keeps_buyers_and_others_alike_with_all_that_is_theirs(whole: Window) -> None:
    buyers, others = whole.users_with_labels(), whole.users_without_labels()
    window = sample_users(whole, len(buyers) // 3, seed=5)
    rows = whole.arrays.find_users(window.arrays.user_ids)

    assert len(window.users_with_labels()) == len(buyers) // 3
    assert len(window.users_without_labels()) == round(len(others) * (len(buyers) // 3) / len(buyers))
    assert equal(window.arrays.users, whole.arrays.users[rows])
    assert equal(window.arrays.purchases.toarray(), whole.arrays.purchases[rows].toarray())
    assert equal(window.arrays.freshness.toarray(), whole.arrays.freshness[rows].toarray())
    mine = np.arange(len(rows))
    assert equal(window.category_labels(mine), whole.category_labels(rows))
    products = np.arange(len(window.arrays.product_ids))
    for row in (0, len(rows) - 1):
        of_one = window.pair_labels(np.full(len(products), row), products)
        assert equal(of_one, whole.pair_labels(np.full(len(products), rows[row]), products))


def test_a_window_of_no_more_buyers_stays_as_it_is(whole: Window) -> None:
    assert sample_users(whole, len(whole.users_with_labels()), seed=5) is whole
