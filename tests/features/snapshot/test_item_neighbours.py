import numpy as np
import polars as pl
import pytest

from features.snapshot import item_neighbours
from features.snapshot.item_neighbours import build_neighbours, weigh_purchases

PENALTY = 300.0


def bought(rows: list[tuple[int, int, float]]) -> pl.DataFrame:
    """Rows (user_id, product_id, age in days of the last purchase)."""
    schema = {"user_id": pl.Int64, "product_id": pl.Int64, "pair_days_since": pl.Float32}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture
def basket_shop() -> pl.DataFrame:
    """30 users with a random half of 8 products; whoever buys 10 buys 11."""
    generator = np.random.default_rng(3)
    rows = [
        (user, product, float(generator.random() * 300))
        for user in range(30)
        for product in range(10, 18)
        if product not in (10, 11) and generator.random() < 0.5
    ]
    return bought(rows + [(user, product, 2.0) for user in range(0, 30, 3) for product in (10, 11)])


def solve_directly(history: pl.DataFrame, core_ids: np.ndarray) -> np.ndarray:
    """EASE as in the paper: B = I - P diag(1 / diag(P)), P = (X'X + penalty I)^-1, in float64."""
    users = history["user_id"].unique().sort().to_list()
    matrix = np.zeros((len(users), len(core_ids)))
    for user, product, days in history.rows():
        matrix[users.index(user), core_ids.tolist().index(product)] = 0.5 ** (days / 112)
    inverse = np.linalg.inv(matrix.T @ matrix + PENALTY * np.eye(len(core_ids)))
    return np.eye(len(core_ids)) - inverse / np.diag(inverse)


def to_dense(frame: pl.DataFrame, core_ids: np.ndarray) -> np.ndarray:
    weights = np.zeros((len(core_ids), len(core_ids)))
    position = {product: index for index, product in enumerate(core_ids.tolist())}
    for product, neighbour, weight in frame.rows():
        weights[position[product], position[neighbour]] = weight
    return weights


def test_weights_are_those_of_a_direct_solution(basket_shop: pl.DataFrame) -> None:
    core_ids = np.array([17, 10, 11, 16, 12, 13, 15, 14])

    weights = to_dense(build_neighbours(basket_shop, core_ids), core_ids)

    assert weights == pytest.approx(solve_directly(basket_shop, core_ids), abs=1e-6)


def test_products_always_bought_together_speak_for_each_other_more_than_others_do() -> None:
    pairs = [(user, product, 2.0) for user in range(20) for product in ((10, 11) if user % 2 else (12,))]
    extra = [(99, product, 2.0) for product in (10, 11, 12)]

    weights = to_dense(build_neighbours(bought(pairs + extra), np.array([10, 11, 12])), np.array([10, 11, 12]))

    assert weights[0, 1] == pytest.approx(weights[1, 0])
    assert weights[0, 1] > weights[0, 2] > 0


def test_no_product_speaks_for_itself(basket_shop: pl.DataFrame) -> None:
    frame = build_neighbours(basket_shop, np.arange(10, 18))

    assert frame.filter(pl.col("product_id") == pl.col("neighbour_id"), pl.col("weight") != 0).is_empty()


@pytest.mark.parametrize("core_ids", [[], [10]], ids=["none", "one"])
def test_fewer_than_two_products_have_no_neighbours(basket_shop: pl.DataFrame, core_ids: list[int]) -> None:
    frame = build_neighbours(basket_shop, np.array(core_ids, dtype=np.int64))

    assert frame.is_empty()
    assert frame.columns == ["product_id", "neighbour_id", "weight"]


def test_products_beyond_the_core_are_left_out(basket_shop: pl.DataFrame) -> None:
    core_ids = np.array([12, 10])

    frame = build_neighbours(basket_shop, core_ids)

    assert to_dense(frame, core_ids) == pytest.approx(
        solve_directly(basket_shop.filter(pl.col("product_id").is_in([10, 12])), core_ids), abs=1e-6
    )


def test_only_the_loudest_are_kept_for_each_neighbour(
    basket_shop: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    core_ids = np.arange(10, 18)
    monkeypatch.setattr(item_neighbours, "NEIGHBOURS_KEPT", 2)

    frame = build_neighbours(basket_shop, core_ids)

    loudness = np.abs(solve_directly(basket_shop, core_ids))
    for (neighbour,), rows in frame.group_by("neighbour_id"):
        loudest = np.sort(core_ids[np.argsort(loudness[:, neighbour - 10])[-2:]])
        assert sorted(rows["product_id"]) == loudest.tolist()


def test_past_the_limit_only_every_nth_user_counts(basket_shop: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    core_ids = np.arange(10, 18)
    users = basket_shop["user_id"].unique().sort()
    monkeypatch.setattr(item_neighbours, "MAX_USERS", (len(users) + 1) // 2)

    frame = build_neighbours(basket_shop, core_ids)

    counted = basket_shop.filter(pl.col("user_id").is_in(users.gather_every(2).implode()))
    assert to_dense(frame, core_ids) == pytest.approx(solve_directly(counted, core_ids), abs=1e-6)


def test_a_purchase_as_old_as_the_half_life_counts_one_half() -> None:
    assert weigh_purchases(np.array([0, 112, 224], dtype=np.float32)) == pytest.approx([1, 0.5, 0.25])
