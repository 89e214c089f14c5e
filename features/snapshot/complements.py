"""Complements: products of other types that stand in the same orders more often than chance.

Of the orders with product i, p is the share that also holds j: (c_ij + PRIOR * q_j * L) / (c_i + PRIOR), where c counts
orders, q_j is the share of all orders with j, and L the lift of the two types, (c + 5) / (expected + 5). So a product
with few orders is described by what its type is bought with. The weight of j is p * log(p / q_j), what j tells about
such orders beyond its own popularity (the J-measure: Smyth and Goodman 1992). How it compares with counts and
popularity: docs/experiments/complements.md.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
import scipy.sparse

from features.snapshot.arrays import Float32, Int64, find_rows

COMPLEMENTS_KEPT = 40
PRIOR = 100.0
TYPE_PRIOR = 5.0
LEAST_ORDERS = 2
"""Orders that two products must share to be looked at for themselves; else only their types speak."""

MOST_ORDERS = 200_000
MOST_PRODUCTS = 50_000
MOST_TYPES = 4_000
"""The newest orders, the best sellers and the most bought types: time and memory grow with these, not with the shop."""

TYPES_AT_ONCE = 200
SCHEMA = pl.Schema({"product_id": pl.Int64, "neighbour_id": pl.Int64, "weight": pl.Float32})


class _Orders(NamedTuple):
    """Which order holds what, for N products of T types.

    Attributes:
        products: sparse float32[orders, N], 1 = holds it. types: sparse float32[orders, T], likewise.
        type_codes: int64[N], column of each product's type in `types`; -1 beyond the most bought types.
    """

    products: scipy.sparse.csr_matrix
    types: scipy.sparse.csr_matrix
    type_codes: Int64


def build_complements(lines: pl.DataFrame) -> pl.DataFrame:
    """Weigh what goes with each product that sold.

    Args:
        lines: order_id, product_id, type_code, ordered_at; one row per order and product.

    Returns:
        product_id, neighbour_id, weight (above 0); the COMPLEMENTS_KEPT largest of each product, none of its own type.
        Sorted by product_id, neighbour_id.
    """
    lines, product_ids = _select_lines(lines)
    if len(product_ids) < 2:
        return pl.DataFrame(schema=SCHEMA)
    orders = _lay_out(lines, product_ids)
    counts = np.asarray(orders.products.sum(axis=0), dtype=np.float32).ravel()
    shares = counts / np.float32(orders.products.shape[0])
    lifts = _measure_type_lifts(orders.types)
    pairs = _count_together(orders)
    pairs = pl.concat([pairs, _propose_by_type(orders.type_codes, shares, lifts)]).unique(
        ["product", "neighbour"], keep="first", maintain_order=True
    )
    products, neighbours = pairs["product"].to_numpy(), pairs["neighbour"].to_numpy()
    codes = orders.type_codes
    expected = shares[neighbours] * lifts[codes[products], codes[neighbours]]
    together = (pairs["orders"].to_numpy() + PRIOR * expected) / (counts[products] + PRIOR)
    weighed = pl.DataFrame(
        {
            "product_id": product_ids[products],
            "neighbour_id": product_ids[neighbours],
            "weight": _weigh(together, shares[neighbours]),
        }
    ).filter(pl.col("weight") > 0)
    largest = weighed.sort("product_id", "weight", "neighbour_id", descending=[False, True, False])
    kept = largest.filter(pl.int_range(pl.len()).over("product_id") < COMPLEMENTS_KEPT)
    return kept.sort("product_id", "neighbour_id").cast(SCHEMA)


def keep_newest(lines: pl.DataFrame) -> pl.DataFrame:
    """Keep the lines of the newest MOST_ORDERS orders, with the columns that `build_complements` reads.

    Those of several parts of the orders, put together and kept again, are those of all orders.
    """
    newest = lines.group_by("order_id").agg(pl.col("ordered_at").first()).sort("ordered_at", "order_id")
    kept = lines.join(newest.tail(MOST_ORDERS), on="order_id", how="semi")
    return kept.select("order_id", "product_id", "type_code", "ordered_at")


def _select_lines(lines: pl.DataFrame) -> tuple[pl.DataFrame, Int64]:
    """Keep the newest orders and the best sellers; gives the lines and the products, int64[N], sorted."""
    lines = keep_newest(lines)
    sold = lines.group_by("product_id").agg(pl.len()).sort("len", "product_id", descending=[True, False])
    product_ids = np.sort(sold.head(MOST_PRODUCTS)["product_id"].to_numpy().astype(np.int64))
    return lines.filter(pl.col("product_id").is_in(product_ids)), product_ids


def _lay_out(lines: pl.DataFrame, product_ids: Int64) -> _Orders:
    rows = (lines["order_id"].rank("dense").cast(pl.Int64) - 1).to_numpy()
    columns = find_rows(product_ids, lines["product_id"].to_numpy())
    shape = (int(rows.max()) + 1, len(product_ids))
    products = scipy.sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    known = lines.group_by("type_code").agg(pl.len()).sort("len", "type_code", descending=[True, False])
    kept = np.sort(known.head(MOST_TYPES)["type_code"].to_numpy().astype(np.int64))
    types = np.empty(len(product_ids), dtype=np.int64)
    types[columns] = lines["type_code"].to_numpy()
    codes = find_rows(kept, types)
    of_type = scipy.sparse.csr_matrix(
        (np.ones(int((codes >= 0).sum()), dtype=np.float32), (np.flatnonzero(codes >= 0), codes[codes >= 0])),
        shape=(len(product_ids), len(kept)),
    )
    held = products @ of_type
    held.data[:] = 1  # an order holds a type once, however many products of it
    return _Orders(products, held, codes)


def _measure_type_lifts(types: scipy.sparse.csr_matrix) -> Float32:
    """Return how much more often than by chance two types share an order.

    Returns:
        float32[T + 1, T + 1]; 0 of a type with itself, 1 where one is not known (the last row and column, code -1).
    """
    counts = np.asarray(types.sum(axis=0), dtype=np.float32).ravel()
    expected = counts[:, None] * (counts[None, :] / np.float32(types.shape[0]))
    lifts = np.ones((len(counts) + 1, len(counts) + 1), dtype=np.float32)
    lifts[:-1, :-1] = ((types.T @ types).toarray() + TYPE_PRIOR) / (expected + TYPE_PRIOR)
    known = np.arange(len(counts))
    lifts[known, known] = 0
    return lifts


def _count_together(orders: _Orders) -> pl.DataFrame:
    """Count the orders of two products of different types, at least LEAST_ORDERS: product, neighbour (rows), orders."""
    shared = (orders.products.T @ orders.products).tocoo()
    codes = orders.type_codes
    kept = (shared.data >= LEAST_ORDERS) & (shared.row != shared.col)
    kept &= (codes[shared.row] != codes[shared.col]) | (codes[shared.row] < 0)
    return _to_pairs(shared.row[kept], shared.col[kept], shared.data[kept])


def _propose_by_type(type_codes: Int64, shares: Float32, lifts: Float32) -> pl.DataFrame:
    """Pair each product with those that its type is bought with; the same columns, no order counted."""
    proposed = [_to_pairs(type_codes[:0], type_codes[:0], shares[:0])]
    kept = min(COMPLEMENTS_KEPT, len(type_codes))
    members = np.argsort(type_codes, kind="stable")
    starts = np.searchsorted(type_codes[members], np.arange(len(lifts)))
    for start in range(0, len(lifts) - 1, TYPES_AT_ONCE):
        types = np.arange(start, min(start + TYPES_AT_ONCE, len(lifts) - 1))
        weights = _weigh(shares[None, :] * lifts[types][:, type_codes], shares[None, :])
        best = np.argpartition(-weights, kept - 1, axis=1)[:, :kept]
        for row, code in enumerate(types):
            owners = members[starts[code] : starts[code + 1]]
            others = best[row]
            proposed.append(
                _to_pairs(np.repeat(owners, kept), np.tile(others, len(owners)), np.zeros(kept * len(owners)))
            )
    return pl.concat(proposed)


def _to_pairs(products: np.ndarray, neighbours: np.ndarray, orders: np.ndarray) -> pl.DataFrame:
    columns = {"product": products, "neighbour": neighbours, "orders": orders}
    return pl.DataFrame(columns, schema={"product": pl.Int32, "neighbour": pl.Int32, "orders": pl.Float32})


def _weigh(together: Float32, shares: Float32) -> Float32:
    """Return p * log(p / q); 0 or less where the two meet no more often than by chance."""
    return np.asarray(together * np.log(np.maximum(together, 1e-12) / shares), dtype=np.float32)
