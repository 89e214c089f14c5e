"""The features of a snapshot in SQL written by hand for DuckDB: the rival of `benchmarks.features`.

It knows the demo shop alone: no guests, returns, gifts, hidden products or earlier versions of a row's life.
"""

from datetime import datetime

import duckdb
import pyarrow as pa

from features.store import MLStore

LINES = """
CREATE TABLE lines AS
WITH catalogue AS (
  SELECT product_id, coalesce(category_id, 0) AS category_id, coalesce(brand, '') AS brand,
    coalesce(nullif(product_type, ''), 'category ' || coalesce(category_id, 0)) AS product_type
  FROM products WHERE is_visible OR product_id IN (SELECT product_id FROM items)),
coded AS (
  SELECT product_id, category_id, dense_rank() OVER (ORDER BY product_type) - 1 AS type_code,
    dense_rank() OVER (ORDER BY brand) - 1 AS brand_code FROM catalogue),
merged AS (
  SELECT user_id, ordered_at, order_id, product_id, sum(quantity)::DOUBLE AS quantity,
    sum(unit_price::DOUBLE * quantity) AS value, sum(discount_amount::DOUBLE) AS discount
  FROM items JOIN orders USING (order_id) GROUP BY ALL)
SELECT merged.*, category_id, type_code, brand_code, (epoch_us($as_of) - epoch_us(ordered_at)) / 86400e6 AS days
FROM merged JOIN coded USING (product_id)
"""
HISTORY = """
WITH numbered AS (
  SELECT user_id, order_id, row_number() OVER (PARTITION BY user_id ORDER BY ordered_at, order_id) AS number,
    count(*) OVER (PARTITION BY user_id) AS num_orders
  FROM (SELECT DISTINCT user_id, ordered_at, order_id FROM lines)),
pairs AS (
  SELECT user_id, product_id, count(*) AS pair_orders, count_if(days < 28) AS pair_orders_28d,
    count_if(days < 91) AS pair_orders_91d, sum(quantity) AS pair_quantity,
    sum(pow(0.5, days / 7)) AS pair_decayed_7d, sum(pow(0.5, days / 28)) AS pair_decayed_28d,
    sum(pow(0.5, days / 112)) AS pair_decayed_112d,
    count(*) / (max(num_orders) - min(number) + 1) AS pair_order_share, min(days) AS pair_days_since,
    max(num_orders) - max(number) AS pair_orders_since,
    CASE WHEN count(*) > 1 THEN (max(days) - min(days)) / (count(*) - 1) END AS pair_interval_days,
    CASE WHEN sum(value + discount) > 0 THEN sum(discount) / sum(value + discount) END AS pair_discount_share
  FROM lines JOIN numbered USING (user_id, order_id) GROUP BY ALL),
told AS (SELECT product_id, product_interval_days FROM product_features)
SELECT user_id, product_id, COLUMNS(pairs.* EXCLUDE (user_id, product_id))::FLOAT,
  (pair_days_since / CASE WHEN usual > 1 THEN usual WHEN usual <= 1 THEN 1 END)::FLOAT AS pair_due
FROM pairs JOIN told USING (product_id), (SELECT coalesce(pair_interval_days, product_interval_days) AS usual)
ORDER BY user_id, product_id
"""
PRODUCTS = """
CREATE TABLE product_features AS
WITH pairs AS (
  SELECT product_id, max(days) AS first, min(days) AS last, count(*) AS times FROM lines GROUP BY user_id, product_id),
came_back AS (SELECT avg((times > 1)::INT) AS prior FROM pairs),
buyers AS (
  SELECT product_id, count_if(last < 7) AS product_buyers_7d, count_if(last < 28) AS product_buyers_28d,
    count(*) AS product_buyers, count_if(first < 7) AS product_new_buyers_7d,
    count_if(first < 28) AS product_new_buyers_28d, count_if(first < 91) AS new_91d,
    sum(pow(0.5, last / 28)) + 0.02 * count(*) AS popularity,
    (count_if(times > 1) + 5 * any_value(prior)) / (count(*) + 5) AS product_repeat_rate,
    median(CASE WHEN times > 1 THEN (first - last) / (times - 1) END) AS product_interval_days
  FROM pairs, came_back GROUP BY product_id),
sales AS (
  SELECT product_id, count_if(days < 7) AS product_orders_7d, count_if(days < 28) AS product_orders_28d,
    count_if(days < 91) AS product_orders_91d,
    ln((count_if(days < 28) + 1) / (count_if(days < 56) - count_if(days < 28) + 1)) AS product_trend,
    max(days) AS product_age_days, min(days) AS product_days_since_sale, sum(value) / sum(quantity) AS price,
    CASE WHEN count_if(days < 91) > 0 THEN sum(value) FILTER (days < 91) / sum(quantity) FILTER (days < 91)
      ELSE sum(value) / sum(quantity) END AS product_price,
    CASE WHEN sum(value + discount) FILTER (days < 7) > 0
      THEN sum(discount) FILTER (days < 7) / sum(value + discount) FILTER (days < 7) END AS product_discount_7d,
    CASE WHEN sum(value + discount) FILTER (days < 28) > 0
      THEN sum(discount) FILTER (days < 28) / sum(value + discount) FILTER (days < 28) END AS product_discount_28d
  FROM lines GROUP BY product_id),
catalogue AS (
  SELECT product_id, coalesce(category_id, 0) AS category_id,
    coalesce(nullif(product_type, ''), 'category ' || coalesce(category_id, 0)) AS product_type
  FROM products WHERE is_visible)
SELECT product_id, COLUMNS(sales.* EXCLUDE (product_id, price))::FLOAT,
  COLUMNS(buyers.* EXCLUDE (product_id, popularity, new_91d))::FLOAT,
  (new_91d / nullif(product_orders_91d, 0))::FLOAT AS product_new_share,
  (sum(new_91d) OVER type / nullif(sum(product_orders_91d) OVER type, 0))::FLOAT AS product_type_new_share,
  (CASE WHEN price > 0 THEN ln(price / avg(price) OVER (PARTITION BY category_id)) END)::FLOAT AS product_price_level,
  (coalesce(popularity, 0) / nullif(sum(coalesce(popularity, 0)) OVER type, 0))::FLOAT AS product_type_share
FROM catalogue LEFT JOIN sales USING (product_id) LEFT JOIN buyers USING (product_id)
WINDOW type AS (PARTITION BY product_type) ORDER BY product_id
"""
USERS = """
WITH orders AS (
  SELECT user_id, any_value(ordered_at) AS ordered_at, any_value(days) AS days, count(*) AS products,
    sum(value) AS value, sum(discount) AS discount
  FROM lines GROUP BY user_id, order_id),
of_orders AS (
  SELECT user_id, min(days) AS user_days_since_order, max(days) AS user_tenure_days, count(*) AS user_orders,
    count_if(days < 28) AS user_orders_28d,
    CASE WHEN count(*) > 1 THEN (max(days) - min(days)) / (count(*) - 1) END AS user_order_interval_days,
    CASE WHEN count(*) > 1 THEN min(days) / greatest(1, (max(days) - min(days)) / (count(*) - 1)) END AS user_order_due,
    (count_if(days < 28) + 1) / (count_if(days < 91) * (28 / 91) + 1) AS user_order_trend,
    avg(products) AS user_basket_products, avg(value) AS user_basket_value,
    sum(value) FILTER (days < 28) AS spend, sum(discount) / sum(value + discount) AS user_discount_share,
    avg((isodow(make_timestamp(epoch_us(ordered_at))) > 5)::INT) AS user_weekend_share,
    avg((hour(make_timestamp(epoch_us(ordered_at))) >= 17)::INT) AS user_evening_share
  FROM orders GROUP BY user_id),
prices AS (SELECT category_id, avg(value / quantity) AS price FROM lines GROUP BY category_id),
of_lines AS (
  SELECT user_id, count(DISTINCT product_id) AS user_products,
    1 - count(DISTINCT product_id) / count(*) AS user_repeat_share,
    avg(CASE WHEN value / quantity > 0 THEN ln(value / quantity / price) END) AS user_price_level, count(*) AS lines
  FROM lines JOIN prices USING (category_id) GROUP BY user_id),
of_brands AS (
  SELECT user_id, max(lines) AS main
  FROM (SELECT user_id, count(*) AS lines FROM lines GROUP BY user_id, brand_code) GROUP BY user_id),
of_coupons AS (SELECT user_id, count(*) AS user_coupons_used FROM coupons GROUP BY user_id)
SELECT user_id, COLUMNS(of_orders.* EXCLUDE (user_id, spend))::FLOAT,
  (CASE WHEN user_orders > 0 THEN coalesce(spend, 0) END)::FLOAT AS user_spend_28d,
  user_products::FLOAT AS user_products, user_repeat_share::FLOAT AS user_repeat_share,
  user_price_level::FLOAT AS user_price_level, (main / lines)::FLOAT AS user_brand_focus,
  user_coupons_used::FLOAT AS user_coupons_used
FROM users LEFT JOIN of_orders USING (user_id) LEFT JOIN of_lines USING (user_id) LEFT JOIN of_brands USING (user_id)
LEFT JOIN of_coupons USING (user_id) ORDER BY user_id
"""
USER_CATEGORIES = """
WITH visits AS (
  SELECT user_id, category_id, order_id, any_value(days) AS days, count(*) AS lines, sum(value) AS value
  FROM lines GROUP BY ALL),
totals AS (
  SELECT user_id, count(DISTINCT order_id) AS orders, count(*) AS lines, sum(value) AS value
  FROM lines GROUP BY user_id),
reach AS (
  SELECT category_id, count(DISTINCT user_id) FILTER (days < 28)
    / (SELECT count(DISTINCT user_id) FROM lines WHERE days < 28) AS category_reach_28d
  FROM lines GROUP BY category_id),
described AS (
  SELECT user_id, category_id, count(*) AS category_orders, count_if(days < 28) AS category_orders_28d,
    sum(pow(0.5, days / 28)) AS category_decayed_28d, sum(pow(0.5, days / 112)) AS category_decayed_112d,
    min(days) AS category_days_since,
    CASE WHEN count(*) > 1 THEN (max(days) - min(days)) / (count(*) - 1) END AS category_interval_days,
    CASE WHEN count(*) > 1 THEN min(days) / greatest(1, (max(days) - min(days)) / (count(*) - 1)) END AS category_due,
    sum(lines) AS lines, sum(value) AS value
  FROM visits GROUP BY ALL)
SELECT user_id, category_id, COLUMNS(described.* EXCLUDE (user_id, category_id, lines, value))::FLOAT,
  (category_orders / orders)::FLOAT AS category_order_share,
  (described.lines / totals.lines)::FLOAT AS category_line_share,
  (CASE WHEN totals.value > 0 THEN described.value / totals.value END)::FLOAT AS category_spend_share,
  category_reach_28d::FLOAT AS category_reach_28d
FROM described JOIN totals USING (user_id) JOIN reach USING (category_id) ORDER BY user_id, category_id
"""
OPEN = "known_from < $as_of AND (known_until IS NULL OR known_until >= $as_of)"
SOURCES = {
    "users": ("users", ""),
    "products": ("products", ""),
    "orders": ("orders", "AND ordered_at < $as_of AND status <> 'cancelled'"),
    "items": ("order_items", ""),
    "coupons": ("user_coupons", "AND used_at < $as_of"),
}


class SqlFeatures:
    """The steps, to be called in the order of the methods."""

    def __init__(self, store: MLStore, as_of: datetime):
        self._connection = duckdb.connect()
        self._as_of = as_of
        for name, (table, condition) in SOURCES.items():
            files = ", ".join(f"'{file}'" for file in store.open(table).file_uris())
            where = f"{OPEN} {condition}".replace("$as_of", f"TIMESTAMPTZ '{as_of.isoformat()}'")
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}]) WHERE {where}")

    def read(self) -> None:
        """Read and join the purchases."""
        self._connection.execute(LINES, {"as_of": self._as_of})

    def describe_products(self) -> pa.Table:
        """Describe products."""
        self._connection.execute(PRODUCTS)
        return self._connection.table("product_features").to_arrow_table()

    def describe_history(self) -> pa.Table:
        """Describe users with products."""
        return self._connection.sql(HISTORY).to_arrow_table()

    def describe_users(self) -> pa.Table:
        """Describe users."""
        return self._connection.sql(USERS).to_arrow_table()

    def describe_user_categories(self) -> pa.Table:
        """Describe users with categories."""
        return self._connection.sql(USER_CATEGORIES).to_arrow_table()
