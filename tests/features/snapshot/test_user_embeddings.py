import numpy as np
import polars as pl
import pytest

from features.definitions import ALIKE_FLOOR
from features.ranking.affinity import ALIKE_PRIOR, Affinity
from features.rebuild import build_snapshot
from features.snapshot import item_directions
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.item_directions import build_embeddings
from features.snapshot.user_embeddings import EMBEDDING_SIZE
from tests.features.purchase_rows import make_purchases

TEA_DRINKERS, COFFEE_DRINKERS = range(1, 21), range(21, 41)
NEWCOMER = 99


@pytest.fixture(scope="module")
def arrays() -> SnapshotArrays:
    """Tea drinkers buy most of products 0 to 9, coffee drinkers of 10 to 19; 3 tea drinkers try product 20."""
    generator = np.random.default_rng(5)
    rows = [
        (user, product, float(generator.integers(0, 200)))
        for drinkers, products in ((TEA_DRINKERS, range(10)), (COFFEE_DRINKERS, range(10, 20)))
        for user in drinkers
        for product in products
        if generator.random() < 0.7
    ]
    return build_snapshot(make_purchases(rows + [(user, 20, 3.0) for user in (1, 2, 3)], users=[NEWCOMER])).arrays


def measure(arrays: SnapshotArrays, user: int, product: int) -> tuple[float, float]:
    user_rows, product_rows = arrays.find_users(np.array([user])), np.searchsorted(arrays.product_ids, [product])
    users = np.repeat(np.arange(len(arrays.user_ids)), np.diff(arrays.history_offsets))
    bought = np.flatnonzero((users == user_rows[0]) & (arrays.history_products == product_rows[0]))
    history = bought if len(bought) else np.array([-1])
    summed, mean = Affinity(arrays, user_rows).measure_alike(np.array([0]), product_rows, history)
    return float(summed[0]), float(mean[0])


def test_who_buys_alike_with_the_recent_buyers_is_told_from_who_does_not(arrays: SnapshotArrays) -> None:
    of_tea, of_coffee = measure(arrays, 10, 20), measure(arrays, 30, 20)

    assert of_tea[0] > of_coffee[0] + 1
    assert of_tea[1] > of_coffee[1] + 0.1


def test_the_likeness_is_the_sum_of_cosines_with_all_other_buyers(arrays: SnapshotArrays) -> None:
    everyone = Affinity(arrays, np.arange(len(arrays.user_ids)))
    buyers, asked = arrays.find_users(np.array([2, 3])), arrays.find_users(np.array([1]))
    cosines = (everyone.user_embeddings[asked] @ everyone.user_embeddings[buyers].T).sum() * 0.5 ** (3 / 28)

    summed, mean = measure(arrays, 1, 20)  # user 1 bought it too, which says nothing of others

    assert summed == pytest.approx(np.log(cosines + ALIKE_FLOOR), abs=1e-5)
    assert mean == pytest.approx(cosines / (2 * 0.5 ** (3 / 28) + ALIKE_PRIOR), abs=1e-5)


def test_a_user_without_purchases_is_like_nobody(arrays: SnapshotArrays) -> None:
    summed, mean = measure(arrays, NEWCOMER, 20)

    assert summed == pytest.approx(np.log(ALIKE_FLOOR))
    assert mean == 0.0


def test_scores_of_many_users_are_those_of_one_alone_to_the_bit(arrays: SnapshotArrays) -> None:
    users, products = np.arange(len(arrays.user_ids)), np.arange(len(arrays.product_ids))
    together = Affinity(arrays, users).score_alike(arrays.audiences[products])

    alone = np.concatenate(
        [Affinity(arrays, users[row : row + 1]).score_alike(arrays.audiences[products]) for row in users]
    )

    assert (alone == together).all()


def test_a_type_is_as_old_as_its_last_purchase() -> None:
    arrays = build_snapshot(make_purchases([(1, 1, 40), (1, 4, 5), (2, 2, 1)])).arrays  # 1 and 4 are of one type

    ages = Affinity(arrays, np.array([0])).type_ages[0]

    assert ages[arrays.type_codes[0]] == pytest.approx(5)
    assert np.isnan(ages[arrays.type_codes[1]])


@pytest.mark.parametrize("rows", [[], [(1, 7, 2.0)], [(1, 7, 2.0), (2, 7, 9.0)]], ids=["none", "one", "one product"])
def test_the_smallest_shops_have_user_embeddings(rows: list[tuple[int, int, float]]) -> None:
    schema = {"user_id": pl.Int64, "product_id": pl.Int64, "pair_days_since": pl.Float32}
    history = pl.DataFrame(rows, schema=schema, orient="row")

    frame = build_embeddings(history, history["product_id"].unique().to_numpy())

    assert frame.height == len({product for _, product, _ in rows})
    assert all(len(crowd) == EMBEDDING_SIZE and np.isfinite(crowd).all() for crowd in frame["crowd"].to_list())


def test_beyond_the_best_sellers_a_purchase_adds_nothing_to_an_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_directions, "EMBEDDED_PRODUCTS", 1)
    history = pl.DataFrame({"user_id": [1, 2], "product_id": [7, 8], "pair_days_since": [1.0, 1.0]})

    frame = build_embeddings(history, np.array([8, 7]))

    lengths = {product: np.linalg.norm(direction) for product, direction, *_ in frame.rows()}
    assert lengths[7] == 0 < lengths[8]
