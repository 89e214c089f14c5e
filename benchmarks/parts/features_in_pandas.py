"""The features of a snapshot in pandas, whole columns at a time: the rival of `benchmarks.features`.

It knows the demo shop alone, as `benchmarks.parts.features_in_sql` does.
"""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from features.store import MLStore

COLUMNS = {
    "users": ["user_id"],
    "products": ["product_id", "category_id", "product_type", "brand", "is_visible"],
    "orders": ["order_id", "user_id", "ordered_at", "status"],
    "order_items": ["order_id", "product_id", "quantity", "unit_price", "discount_amount"],
    "user_coupons": ["user_id", "used_at"],
}


class PandasFeatures:
    """The steps, to be called in the order of the methods."""

    lines: pd.DataFrame
    catalogue: pd.DataFrame
    products: pd.DataFrame

    def __init__(self, store: MLStore, as_of: datetime):
        self._store, self._as_of = store, as_of

    def _read(self, table: str) -> pd.DataFrame:
        columns = [*COLUMNS[table], "known_from", "known_until"]
        arrow = self._store.open(table).to_pyarrow_table(columns=columns)
        floats = [field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field for field in arrow.schema]
        rows: pd.DataFrame = arrow.cast(pa.schema(floats)).to_pandas()  # decimals of pandas are slow objects
        is_open = rows.known_until.isna() | (rows.known_until >= self._as_of)
        return rows[(rows.known_from < self._as_of) & is_open][COLUMNS[table]]

    def read(self) -> None:
        """Read and join the purchases."""
        orders = self._read("orders")
        orders = orders[(orders.ordered_at < self._as_of) & (orders.status != "cancelled")].drop(columns="status")
        items = self._read("order_items")
        quantity = items.quantity.astype(float)
        items = items.assign(
            quantity=quantity,
            value=items.unit_price * quantity,
            discount=items.discount_amount,
        )
        products = self._read("products")
        is_kept = products.is_visible | products.product_id.isin(items.product_id)
        products = products[is_kept].sort_values("product_id", ignore_index=True)
        category = products.category_id.fillna(0).astype(int)
        kind = products.product_type.where(products.product_type.fillna("") != "", "category " + category.astype(str))
        self.catalogue = pd.DataFrame(
            {
                "product_id": products.product_id,
                "category_id": category,
                "type_code": pd.factorize(kind, sort=True)[0],
                "brand_code": pd.factorize(products.brand.fillna(""), sort=True)[0],
            }
        )
        keys = ["user_id", "ordered_at", "order_id", "product_id"]
        lines = items.merge(orders, on="order_id")[[*keys, "quantity", "value", "discount"]]
        lines = lines.groupby(keys, as_index=False).sum().merge(self.catalogue, on="product_id")
        lines["user_id"] = lines.user_id.astype(int)
        lines["days"] = (self._as_of - lines.ordered_at).dt.total_seconds() / 86_400
        lines["gross"] = lines.value + lines.discount
        self.lines = lines.sort_values(keys, ignore_index=True)

    def describe_products(self) -> pd.DataFrame:
        """Describe products."""
        lines = _count_lately(self.lines, [7, 28, 56, 91])
        for days in (7, 28):
            for column in ("discount", "gross"):
                lines[f"{column}_{days}"] = lines[column].where(lines[f"in_{days}"], 0)
        for column in ("value", "quantity"):
            lines[f"{column}_91"] = lines[column].where(lines.in_91, 0)
        groups = lines.groupby("product_id")
        kinds = ["in_7", "in_28", "in_56", "in_91", "value", "quantity", "value_91", "quantity_91"]
        sums = groups[[*kinds, "discount_7", "gross_7", "discount_28", "gross_28"]].sum()
        pairs = _span(lines, ["product_id", "user_id"]).reset_index("user_id", drop=True)
        pairs = pairs.assign(
            came_back=pairs.times > 1,
            interval=_interval(pairs),
            popularity=0.5 ** (pairs["last"] / 28) + 0.02,
            **{f"last_{days}": pairs["last"] < days for days in (7, 28)},
            **{f"first_{days}": pairs["first"] < days for days in (7, 28, 91)},
        )
        by_product = pairs.groupby("product_id")
        buyers = by_product[["came_back", "popularity", "last_7", "last_28", "first_7", "first_28", "first_91"]].sum()
        num_buyers, price = by_product.size(), sums.value / sums.quantity
        features = pd.DataFrame(
            {
                **{f"product_orders_{days}d": sums[f"in_{days}"] for days in (7, 28, 91)},
                "product_trend": np.log((sums.in_28 + 1) / (sums.in_56 - sums.in_28 + 1)),
                **{f"product_buyers_{days}d": buyers[f"last_{days}"] for days in (7, 28)},
                "product_buyers": num_buyers,
                **{f"product_new_buyers_{days}d": buyers[f"first_{days}"] for days in (7, 28)},
                "product_new_share": buyers.first_91 / sums.in_91.where(sums.in_91 > 0),
                "product_repeat_rate": (buyers.came_back + 5 * pairs.came_back.mean()) / (num_buyers + 5),
                "product_interval_days": by_product.interval.median(),
                "product_price": (sums.value_91 / sums.quantity_91).where(sums.in_91 > 0, price),
                **{
                    f"product_discount_{days}d": sums[f"discount_{days}"]
                    / sums[f"gross_{days}"].where(sums[f"gross_{days}"] > 0)
                    for days in (7, 28)
                },
                "product_age_days": groups.days.max(),
                "product_days_since_sale": groups.days.min(),
                "price": price,
                "popularity": buyers.popularity,
                "first_91": buyers.first_91,
            }
        )
        features = self.catalogue.set_index("product_id").join(features)
        mean = features.groupby("category_id").price.transform("mean")
        by_type = features.fillna({"popularity": 0, "first_91": 0, "product_orders_91d": 0}).groupby("type_code")
        new, orders, popularity = (
            by_type[name].transform("sum") for name in ("first_91", "product_orders_91d", "popularity")
        )
        features["product_price_level"] = np.log((features.price / mean).where(features.price > 0))
        features["product_type_new_share"] = new / orders.where(orders > 0)
        features["product_type_share"] = features.popularity.fillna(0) / popularity.where(popularity > 0)
        self.products = features
        extra = ["category_id", "type_code", "brand_code", "price", "popularity", "first_91"]
        return _finish(features.drop(columns=extra))

    def describe_history(self) -> pd.DataFrame:
        """Describe users with products."""
        lines = _count_lately(self.lines, [28, 91])
        orders = lines[["user_id", "order_id"]].drop_duplicates()
        orders["number"] = np.arange(len(orders))
        orders["last_number"] = orders.groupby("user_id").number.transform("max")
        lines = lines.merge(orders[["order_id", "number", "last_number"]], on="order_id")
        for half_life in (7, 28, 112):
            lines[f"decayed_{half_life}"] = 0.5 ** (lines.days / half_life)
        groups = lines.groupby(["user_id", "product_id"])
        sums = groups[
            ["in_28", "in_91", "quantity", "decayed_7", "decayed_28", "decayed_112", "discount", "gross"]
        ].sum()
        span = _span(lines, ["user_id", "product_id"])
        numbers = groups.agg(first=("number", "min"), last=("number", "max"), end=("last_number", "max"))
        interval = _interval(span)
        usual = interval.fillna(
            pd.Series(
                self.products.product_interval_days.reindex(sums.index.get_level_values("product_id")).to_numpy(),
                index=sums.index,
            )
        )
        features = pd.DataFrame(
            {
                "pair_orders": span.times,
                "pair_orders_28d": sums.in_28,
                "pair_orders_91d": sums.in_91,
                "pair_quantity": sums.quantity,
                **{f"pair_decayed_{days}d": sums[f"decayed_{days}"] for days in (7, 28, 112)},
                "pair_order_share": span.times / (numbers.end - numbers["first"] + 1),
                "pair_days_since": span["last"],
                "pair_orders_since": numbers.end - numbers["last"],
                "pair_interval_days": interval,
                "pair_due": span["last"] / usual.clip(lower=1),
                "pair_discount_share": sums.discount / sums.gross.where(sums.gross > 0),
            }
        )
        return _finish(features)

    def describe_users(self) -> pd.DataFrame:
        """Describe users."""
        lines = self.lines
        orders = lines.groupby(["user_id", "order_id"], as_index=False).agg(
            ordered_at=("ordered_at", "first"),
            days=("days", "first"),
            products=("product_id", "size"),
            value=("value", "sum"),
            discount=("discount", "sum"),
        )
        orders = _count_lately(orders, [28, 91])
        orders["spend"] = orders.value.where(orders.in_28, 0)
        orders["is_weekend"], orders["is_evening"] = orders.ordered_at.dt.weekday > 4, orders.ordered_at.dt.hour >= 17
        groups = orders.groupby("user_id")
        sums, span = groups[["in_28", "in_91", "value", "discount", "spend"]].sum(), _span(orders, ["user_id"])
        means = groups[["products", "value", "is_weekend", "is_evening"]].mean()
        price = lines.value / lines.quantity
        level = pd.Series(np.log((price / price.groupby(lines.category_id).transform("mean")).where(price > 0)))
        num_lines = lines.groupby("user_id").size()
        num_products = lines.drop_duplicates(["user_id", "product_id"]).groupby("user_id").size()
        interval = _interval(span)
        num_main = lines.groupby(["user_id", "brand_code"]).size().groupby("user_id").max()
        coupons = self._read("user_coupons")
        features = pd.DataFrame(
            {
                "user_days_since_order": span["last"],
                "user_tenure_days": span["first"],
                "user_orders": span.times,
                "user_orders_28d": sums.in_28,
                "user_order_interval_days": interval,
                "user_order_due": span["last"] / interval.clip(lower=1),
                "user_order_trend": (sums.in_28 + 1) / (sums.in_91 * (28 / 91) + 1),
                "user_basket_products": means["products"],
                "user_basket_value": means.value,
                "user_spend_28d": sums.spend,
                "user_products": num_products,
                "user_repeat_share": 1 - num_products / num_lines,
                "user_price_level": level.groupby(lines.user_id).mean(),
                "user_discount_share": sums.discount / (sums.value + sums.discount),
                "user_coupons_used": coupons[coupons.used_at < self._as_of].groupby("user_id").size(),
                "user_brand_focus": num_main / num_lines,
                "user_weekend_share": means.is_weekend,
                "user_evening_share": means.is_evening,
            }
        )
        return _finish(features.reindex(np.sort(self._read("users").user_id.unique())))

    def describe_user_categories(self) -> pd.DataFrame:
        """Describe users with categories."""
        lines, keys = self.lines, ["user_id", "category_id"]
        visits = lines.groupby([*keys, "order_id"], as_index=False).agg(
            days=("days", "first"), num_lines=("product_id", "size"), value=("value", "sum")
        )
        visits = _count_lately(visits, [28])
        for half_life in (28, 112):
            visits[f"decayed_{half_life}"] = 0.5 ** (visits.days / half_life)
        groups = visits.groupby(keys)
        sums, span = groups[["in_28", "decayed_28", "decayed_112", "num_lines", "value"]].sum(), _span(visits, keys)
        of_user = lines.groupby("user_id").value.agg(["size", "sum"])
        of_user["orders"] = lines.drop_duplicates(["user_id", "order_id"]).groupby("user_id").size()
        of_user = of_user.reindex(sums.index.get_level_values("user_id")).set_axis(sums.index)
        recent = lines[lines.days < 28]
        reach = recent.drop_duplicates(keys).groupby("category_id").size() / recent.user_id.nunique()
        interval = _interval(span)
        features = pd.DataFrame(
            {
                "category_orders": span.times,
                "category_orders_28d": sums.in_28,
                "category_decayed_28d": sums.decayed_28,
                "category_decayed_112d": sums.decayed_112,
                "category_order_share": span.times / of_user.orders,
                "category_line_share": sums.num_lines / of_user["size"],
                "category_spend_share": sums.value / of_user["sum"].where(of_user["sum"] > 0),
                "category_days_since": span["last"],
                "category_interval_days": interval,
                "category_due": span["last"] / interval.clip(lower=1),
            }
        )
        features["category_reach_28d"] = reach.reindex(sums.index.get_level_values("category_id")).fillna(0).to_numpy()
        return _finish(features)


def _count_lately(rows: pd.DataFrame, windows: list[int]) -> pd.DataFrame:
    return rows.assign(**{f"in_{days}": rows.days < days for days in windows})


def _span(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.groupby(keys).agg(first=("days", "max"), last=("days", "min"), times=("days", "size"))


def _interval(span: pd.DataFrame) -> pd.Series:
    return ((span["first"] - span["last"]) / (span.times - 1)).where(span.times > 1)


def _finish(features: pd.DataFrame) -> pd.DataFrame:
    return features.astype(np.float32).reset_index()
