"""Returns: lines of orders below zero, which take back what was bought before."""

import polars as pl


def take_back(ledger: pl.DataFrame) -> pl.DataFrame:
    """Let returns cancel the latest pieces bought before them.

    Going back in time, c = max(0, c - quantity) counts the pieces that came back and whose purchase lies further back;
    with S the running sum of -quantity that is c = S - min(0, the least S so far) (Lindley's recursion).

    Args:
        ledger: user_id, product_id, ordered_at, order_id, quantity (below zero: given back), value, discount; one row
            per order and product.

    Returns:
        The purchases of which something was kept, in the ledger's order, with that part of quantity, value, discount.
    """
    pair = ["user_id", "product_id"]
    backwards = ledger.with_row_index("place").sort("ordered_at", "order_id", descending=True)
    total = (-pl.col("quantity")).cum_sum()
    still_to_take = total - pl.min_horizontal(total.cum_min(), 0.0)
    kept = pl.col("quantity") - still_to_take.shift(1, fill_value=0.0).over(pair)
    share = pl.col("kept") / pl.col("quantity")
    return (
        backwards.with_columns(kept=kept)
        .filter(pl.col("quantity") > 0, pl.col("kept") > 0)
        .sort("place")
        .with_columns(pl.col("value") * share, pl.col("discount") * share, quantity="kept")
        .select(ledger.columns)
    )
