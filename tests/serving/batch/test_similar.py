import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine, select

from serving.batch.job import publish_scores
from serving.batch.popular import rank_neighbours
from serving.batch.similar import rank_alike
from shop.database import session_scope
from shop.tables import ProductNeighbours
from tests.serving.conftest import TrainedShop

NOTHING_LEARNED = np.zeros((5, 2), dtype=np.float32)
PRODUCTS = pl.DataFrame(
    {
        "product_id": [1, 2, 3, 4, 5],
        "category_id": [1, 1, 1, 1, 2],
        "type_code": [7, 8, 7, None, 7],
        "popularity": [1.0, 9.0, 2.0, 5.0, 3.0],
        "is_sellable": [True] * 5,
    }
)
NOBODY_BOUGHT = pl.DataFrame(schema={"product_id": pl.Int64, "neighbour_id": pl.Int64, "weight": pl.Float64})


def neighbours_of(ranked: pl.DataFrame, product_id: int) -> list[int]:
    return ranked.filter(pl.col("neighbour_of") == product_id)["product_id"].to_list()


def test_only_the_same_type_is_alike_the_more_popular_first() -> None:
    ranked = rank_alike(PRODUCTS, NOTHING_LEARNED)

    assert neighbours_of(ranked, 1) == [5, 3]
    assert neighbours_of(ranked, 2) == []
    assert ranked.filter(pl.col("neighbour_of") == 1)["category_id"].to_list() == [2, 1]


def test_what_the_network_learned_decides_within_a_type() -> None:
    learned = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [-1, 0]], dtype=np.float32)

    ranked = rank_alike(PRODUCTS, learned)

    assert neighbours_of(ranked, 1) == [3, 5]
    assert ranked.filter(pl.col("neighbour_of") == 1)["score"].to_list() == [1.0, -1.0]


@pytest.mark.parametrize("type_code", [None, -1, -7])
def test_a_product_of_no_known_type_is_like_none(type_code: int | None) -> None:
    products = PRODUCTS.with_columns(type_code=pl.lit(type_code, pl.Int64))

    assert rank_alike(products, NOTHING_LEARNED).is_empty()


WITHOUT_5 = PRODUCTS.with_columns(is_sellable=pl.col("product_id") != 5)


def test_what_cannot_be_sold_is_like_none_yet_has_its_like() -> None:
    ranked = rank_alike(WITHOUT_5, NOTHING_LEARNED)

    assert neighbours_of(ranked, 1) == [3]
    assert 5 not in ranked["product_id"]
    assert neighbours_of(ranked, 5) == [3, 1]


def test_what_cannot_be_sold_goes_with_nothing() -> None:
    complements = pl.DataFrame({"product_id": [2, 5], "neighbour_id": [5, 2], "weight": [3.0, 3.0]})

    ranked = rank_neighbours(complements, rank_alike(WITHOUT_5, NOTHING_LEARNED), WITHOUT_5)

    assert 5 not in ranked["product_id"]
    assert neighbours_of(ranked, 5)[0] == 2


def test_what_goes_with_a_product_stands_before_its_rivals() -> None:
    complements = pl.DataFrame({"product_id": [1, 1, 2], "neighbour_id": [2, 4, 1], "weight": [2.0, 3.0, 1.0]})

    ranked = rank_neighbours(complements, rank_alike(PRODUCTS, NOTHING_LEARNED), PRODUCTS).filter(
        pl.col("neighbour_of") == 1
    )

    assert ranked["product_id"].to_list() == [4, 2, 5, 3]
    assert ranked["reason"].to_list() == ["bought_together", "bought_together", "alike", "alike"]
    assert ranked["rank"].to_list() == [1, 2, 3, 4]


def test_without_any_common_order_products_still_have_their_like() -> None:
    ranked = rank_neighbours(NOBODY_BOUGHT, rank_alike(PRODUCTS, NOTHING_LEARNED), PRODUCTS)

    assert set(ranked["neighbour_of"]) == {1, 3, 5}


def test_a_batch_publishes_neighbours_of_both_kinds(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    scoring = trained_shop.score_as(1, shop_of_version)

    publish_scores(scoring, "champion", tell=str)

    with session_scope(shop_of_version) as session:
        lists = session.scalars(select(ProductNeighbours.products)).all()
    reasons = ["".join(entry[3][0] for entry in products) for products in lists]
    assert any(set(codes) == {"a", "b"} for codes in reasons)
    assert all(codes == "".join(sorted(codes, reverse=True)) for codes in reasons)


def test_embeddings_are_of_unit_length_and_unknown_products_have_none(trained_shop: TrainedShop) -> None:
    known = trained_shop.ranker.encoder.product_ids[:3]

    embeddings = trained_shop.ranker.embed_products(np.array([*known, 10**12]))

    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), [1, 1, 1, 0], atol=1e-5)
