"""Pages of families judged by product and by family, and the shop with each family as one product."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from features.snapshot.arrays import Int64
from features.snapshot.purchases import Purchases
from training.data.windows import Window
from training.evaluation import metrics
from training.evaluation.lists import K
from training.evaluation.metrics import PerUser
from training.ranking.topk import lay_out


@dataclass(frozen=True)
class JudgedFamilies:
    """What pages of K were worth, per user, by product and by family.

    Attributes:
        product_ndcg, product_recall: of the products on the page.
        new_products: bought for the first time, and on the page.
        family_ndcg, family_recall: a family is bought as soon as one of its products is.
        new_families: bought for the first time, and on the page.
        discovery_ndcg: of lists of families that the user never bought from, over users who then did.
    """

    product_ndcg: PerUser
    product_recall: PerUser
    new_products: PerUser
    family_ndcg: PerUser
    family_recall: PerUser
    new_families: PerUser
    discovery_ndcg: PerUser


def name_families(products: pl.DataFrame) -> pl.DataFrame:
    """Return product_id and family_id, the first product's id: a family is what one maker makes of one type."""
    family = pl.col("product_id").min().over("type_code", "brand_code")
    return products.select("product_id", family_id=family)


def merge_families(purchases: Purchases) -> Purchases:
    """Make each family one product, under its first product's id; it can be sold as long as one of them can."""
    families = name_families(purchases.products)

    def merge(lines: pl.DataFrame) -> pl.DataFrame:
        key = ("user_id", "ordered_at", "order_id", "product_id")
        of_family = _to_families(lines, families)
        sums = pl.col("quantity", "value", "discount").sum()
        rest = pl.exclude(*key, "quantity", "value", "discount").first()
        merged = of_family.group_by(key, maintain_order=True).agg(sums, rest).select(lines.columns)
        return merged.sort("user_id", "ordered_at", "order_id", "product_id")

    products = _to_families(purchases.products, families).group_by("product_id", maintain_order=True)
    availability = _to_families(purchases.availability, families)
    return replace(
        purchases,
        products=products.agg(pl.exclude("is_sellable").first(), pl.col("is_sellable").any())
        .select(purchases.products.columns)
        .sort("product_id"),
        lines=merge(purchases.lines),
        guest_lines=merge(purchases.guest_lines),
        availability=availability.group_by("product_id", "since")
        .agg(pl.col("is_visible", "is_sellable").any())
        .sort("since"),
    )


def _to_families(rows: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    named = rows.join(families, on="product_id", maintain_order="left")
    return named.with_columns(product_id="family_id").drop("family_id")


def judge_families(window: Window, users: Int64, ranked: pl.DataFrame) -> JudgedFamilies:
    """Compare pages of the best K families with what was bought.

    Args:
        window: of products.
        users: int64[U], ascending rows of users with labels.
        ranked: user, family, product, score; each family once a user.
    """
    arrays = window.arrays
    codes, num_users, num_families = (
        arrays.type_brand_codes,
        len(arrays.user_ids),
        int(arrays.type_brand_codes.max()) + 1,
    )
    labels = window.products.take(window.products.is_known)
    owners = np.repeat(np.arange(num_users), np.diff(arrays.history_offsets))
    known_products = owners * len(codes) + arrays.history_products
    known = np.unique(owners * num_families + codes[arrays.history_products])
    bought = np.unique(labels.users * num_families + codes[labels.items])

    def lay(frame: pl.DataFrame, column: str) -> Int64:
        scores = frame["score"].to_numpy()
        return lay_out(users, frame["user"].to_numpy(), frame[column].to_numpy(), scores, K)

    products, families = lay(ranked, "product"), lay(ranked, "family")
    pairs = users[:, None] * len(codes) + products
    product_hits = (window.pair_labels(np.repeat(users, K), products.ravel()) > 0).reshape(products.shape) & (
        products >= 0
    )
    family_pairs = users[:, None] * num_families + families
    family_hits = np.isin(family_pairs, bought) & (families >= 0)
    is_new = ~np.isin(ranked["user"].to_numpy() * num_families + ranked["family"].to_numpy(), known)
    new = lay(ranked.filter(pl.Series(is_new)), "family")
    new_labels = np.setdiff1d(bought, known)

    def count(ids: Int64) -> Int64:
        return np.bincount(ids // num_families, minlength=num_users)[users]

    num_products = np.bincount(window.products.users[window.products.users >= 0], minlength=num_users)[users]
    finds = count(new_labels) > 0
    new_hits = np.isin(users[:, None] * num_families + new, new_labels) & (new >= 0)
    return JudgedFamilies(
        product_ndcg=metrics.ndcg_at_k(product_hits, num_products, K),
        product_recall=metrics.recall_at_k(product_hits, num_products, K),
        new_products=(product_hits & ~np.isin(pairs, known_products)).sum(axis=1).astype(np.float64),
        family_ndcg=metrics.ndcg_at_k(family_hits, count(bought), K),
        family_recall=metrics.recall_at_k(family_hits, count(bought), K),
        new_families=(family_hits & ~np.isin(family_pairs, known)).sum(axis=1).astype(np.float64),
        discovery_ndcg=metrics.ndcg_at_k(new_hits[finds], count(new_labels)[finds], K),
    )
