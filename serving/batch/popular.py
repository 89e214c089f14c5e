"""Shared lists, for users without one of their own: popular, popular by category, newest; and item neighbours.

They are published with every batch and walked by new shoppers all day, so that the fallback is an everyday path.
"""

import polars as pl

LIST_LENGTH = 200
COMPLEMENTS_LENGTH = 20


def rank_popular(products: pl.DataFrame) -> pl.DataFrame:
    """Rank the snapshot's products into the shared lists.

    Args:
        products: product_id, category_id, popularity (decayed orders), first_sold_at (null if never), is_sellable;
            what is hidden or sold out is in no list.

    Returns:
        scope (`global`, `category`, `newest`), scope_category_id (0 unless the scope is `category`), rank, product_id,
        category_id, score, reason; sorted by scope, scope_category_id and rank. Equal scores are ordered by id, so that
        the same snapshot gives the same lists.
    """
    products = products.filter("is_sellable")
    by_popularity = products.with_columns(score=pl.col("popularity").cast(pl.Float32).fill_null(0.0)).sort(
        ["score", "product_id"], descending=[True, False]
    )
    newest = products.sort(["first_sold_at", "product_id"], descending=[True, True], nulls_last=True).with_columns(
        score=pl.col("first_sold_at").dt.epoch("d").cast(pl.Float32).fill_null(0.0)
    )
    lists = [
        by_popularity.head(LIST_LENGTH).select(*_columns("global", pl.lit(0), "popular")),
        by_popularity.group_by("category_id", maintain_order=True)
        .head(LIST_LENGTH)
        .select(*_columns("category", pl.col("category_id"), "popular_in_category")),
        newest.head(LIST_LENGTH).select(*_columns("newest", pl.lit(0), "new")),
    ]
    key = ["scope", "scope_category_id"]
    return (
        pl.concat(lists)
        .sort(key, maintain_order=True)
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over(key))
        .select(*key, "rank", "product_id", "category_id", "score", "reason")
    )


def _columns(scope: str, scope_category: pl.Expr, reason: str) -> list[pl.Expr]:
    return [
        pl.lit(scope).alias("scope"),
        scope_category.cast(pl.Int64).alias("scope_category_id"),
        *(pl.col(name).cast(pl.Int64) for name in ("product_id", "category_id")),
        pl.col("score"),
        pl.lit(reason).alias("reason"),
    ]


def rank_neighbours(complements: pl.DataFrame, alike: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """List for each product what goes with it, then what can be bought instead.

    Args:
        complements: product_id, neighbour_id, weight, as the snapshot holds them.
        alike: as `rank_alike` gives it.
        products: product_id, category_id, is_sellable; what is hidden or sold out has neighbours and is none.

    Returns:
        neighbour_of, rank, product_id, category_id, score, reason (`bought_together`, then `alike`); at most
        COMPLEMENTS_LENGTH and ALIKE_LENGTH for each product, sorted by neighbour_of and rank.
    """
    both = pl.concat([_rank_complements(complements, products), alike.with_columns(pl.col("score").cast(pl.Float32))])
    return both.sort(["neighbour_of", "reason", "rank"], descending=[False, True, False]).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("neighbour_of")
    )


def _rank_complements(complements: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    categories = products.select(pl.col("product_id", "category_id").cast(pl.Int64))
    sellable = products.filter("is_sellable").select(neighbour_id="product_id")
    return (
        complements.join(sellable, on="neighbour_id", how="semi")
        .sort(["product_id", "weight", "neighbour_id"], descending=[False, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("product_id"))
        .filter(pl.col("rank") <= COMPLEMENTS_LENGTH)
        .rename({"product_id": "neighbour_of", "neighbour_id": "product_id", "weight": "score"})
        .join(categories, on="product_id", how="inner", maintain_order="left")
        .select(
            *(pl.col(name).cast(pl.Int64) for name in ("neighbour_of", "rank", "product_id", "category_id")),
            pl.col("score").cast(pl.Float32),
            reason=pl.lit("bought_together"),
        )
    )
