"""Fill the columns that a source left out, as docs/loading.md promises. Works on validated, whole tables.

What features read "known before T" hangs on `created_at`: a user or product is known from its first order on.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from shop.loaders.canonical import DTYPES, TABLES, Table
from shop.loaders.validation import InvalidShopError
from shop.money import LARGEST_AMOUNT, MOST_DECIMALS

Frames = dict[str, pl.DataFrame]

START_WITHOUT_ORDERS = datetime(2000, 1, 1, tzinfo=UTC)
PRICE_SAMPLE = 20
DEFAULT_STOCK = 100
EVERYTHING = "Everything"
THOUSAND = 10**MOST_DECIMALS


def complete_tables(frames: Frames, orders_name: str = "orders") -> Frames:
    """Add every missing table and column.

    Args:
        frames: validated canonical tables by name; required ones are there, with their required columns.
        orders_name: names the orders in an error: their file's, or the table's.

    Returns:
        All canonical tables with all their columns, in the order in which they can be written.

    Raises:
        InvalidShopError: an order without a total costs more than an amount can hold.
    """
    tables = {table.name: frames.get(table.name, pl.DataFrame(schema=table.schema())) for table in TABLES}
    for complete in _COMPLETIONS:
        complete(tables)
    _require_totals(tables, orders_name)
    return {table.name: _finish(tables[table.name], table) for table in TABLES}


def _finish(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Leave the canonical columns alone; no row is changed before it is created."""
    latest = pl.max_horizontal("updated_at", "created_at")
    return frame.with_columns(updated_at=latest).select(table.column_names).cast(table.schema())


def _add(frame: pl.DataFrame, **defaults: pl.Expr) -> pl.DataFrame:
    """Add the columns that the frame does not have, and fill the blanks of those that it has.

    Later columns may use earlier ones.
    """
    for name, default in defaults.items():
        value = pl.coalesce(name, default) if name in frame.columns else default
        frame = frame.with_columns(value.alias(name))
    return frame


def _start_of_data(tables: Frames) -> pl.Expr:
    start = tables["orders"]["ordered_at"].min() or START_WITHOUT_ORDERS
    return pl.lit(start, dtype=pl.Datetime("us", "UTC"))


def _number(name: str) -> dict[str, pl.Expr]:
    return {name: pl.int_range(1, pl.len() + 1, dtype=pl.Int64)}


def _stamp(created: pl.Expr) -> dict[str, pl.Expr]:
    return {"created_at": created, "updated_at": pl.col("created_at")}


def _complete_order_items(tables: Frames) -> None:
    """Number, price and stamp the lines. Runs before products, whose price may come from here."""
    items = _add(tables["order_items"], **_number("order_item_id"), quantity=pl.lit(1))
    no_money = pl.lit(0).cast(DTYPES["money"])
    prices = tables["products"].select("product_id", list_price="price" if has_prices(tables) else no_money)
    times = tables["orders"].select("order_id", "ordered_at")
    items = items.join(prices, on="product_id", how="left", maintain_order="left")
    items = items.join(times, on="order_id", how="left", maintain_order="left")
    price = pl.coalesce("list_price", no_money)
    tables["order_items"] = _add(items, unit_price=price, discount_amount=no_money, **_stamp(pl.col("ordered_at")))


def has_prices(tables: Frames) -> bool:
    """Return whether the products came with prices."""
    return "price" in tables["products"].columns


def _complete_orders(tables: Frames) -> None:
    """Add up what the orders cost; `_require_totals` refuses what an amount cannot hold."""
    orders = tables["orders"].join(_add_up(tables), on="order_id", how="left", maintain_order="left")
    total = _to_money(pl.col("thousandths").fill_null(0).clip(lower_bound=0), THOUSAND)
    orders = _add(orders, status=pl.lit("delivered"), total_amount=total, **_stamp(pl.col("ordered_at")))
    tables["orders"] = orders


def _add_up(tables: Frames) -> pl.DataFrame:
    """Add up the items of each order in whole thousandths, exactly."""
    amount = (pl.col("unit_price") * THOUSAND).cast(pl.Int128) * pl.col("quantity").cast(pl.Int128)
    return tables["order_items"].group_by("order_id").agg(thousandths=amount.sum())


def _require_totals(tables: Frames, name: str) -> None:
    """Hold the totals that were added up to what an amount may be.

    Raises:
        InvalidShopError: an order costs more; it is named by its id, and the file or table by its name.
    """
    too_much = tables["orders"].filter(pl.col("total_amount").is_null())
    if too_much.is_empty():
        return
    order_id, costs = too_much["order_id"][0], Decimal(too_much["thousandths"][0]) / THOUSAND
    raise InvalidShopError(
        f"{name}: the items of order {order_id} come to {costs:,.2f}, more than the {LARGEST_AMOUNT:,} that an amount "
        "can hold; give its total_amount, or split it"
    )


def from_cents(cents: pl.Expr) -> pl.Expr:
    """Make exact amounts of whole cents; what an amount cannot hold becomes null."""
    return _to_money(cents, 100)


def _to_money(parts: pl.Expr, parts_of_one: int) -> pl.Expr:
    """Make exact amounts of whole parts: a double holds each of them that an amount can hold."""
    amount = (parts / parts_of_one).round(MOST_DECIMALS)
    return pl.when(parts.abs() < 10**10 * parts_of_one).then(amount).cast(DTYPES["money"])


def _complete_users(tables: Frames) -> None:
    first = tables["orders"].group_by("user_id").agg(first=pl.col("ordered_at").min())
    users = tables["users"].join(first, on="user_id", how="left", maintain_order="left")
    nickname = pl.format("user{}", "user_id")
    tables["users"] = _add(users, nickname=nickname, **_stamp(pl.coalesce("first", _start_of_data(tables))))


def _complete_categories(tables: Frames) -> None:
    """Make the categories that products name, and one for the products that name none."""
    no_id = pl.lit(None, pl.Int64)
    products = _add(tables["products"], category_id=no_id)
    categories = tables["categories"]
    if categories.is_empty():
        categories = products.select(pl.col("category_id").drop_nulls().unique().sort())
    if products["category_id"].has_nulls():
        everything = _find_free_id(categories["category_id"])
        row = pl.DataFrame({"category_id": [everything], "name": [EVERYTHING]})
        categories = pl.concat([categories, row], how="diagonal")
        products = products.with_columns(pl.col("category_id").fill_null(everything))
    tables["products"] = products
    categories = _add(categories, name=pl.format("Category {}", "category_id"))
    place = pl.col("name").rank("ordinal").cast(pl.Int64) - 1
    tables["categories"] = _add(categories, position=place, **_stamp(_start_of_data(tables)))


def _find_free_id(ids: pl.Series) -> int:
    """Find an id that no row has: the next one, or the first gap where the largest possible id is taken."""
    taken = set(ids.drop_nulls().to_list())
    following = max(taken, default=0) + 1
    return (
        following if following < 2**63 else next(number for number in range(1, len(taken) + 2) if number not in taken)
    )


def _complete_products(tables: Frames) -> None:
    first = tables["order_items"].group_by("product_id").agg(first=pl.col("ordered_at").min())
    products = tables["products"].join(first, on="product_id", how="left", maintain_order="left")
    prices = recent_prices(tables["order_items"]).rename({"price": "paid_price"})
    products = products.join(prices, on="product_id", how="left", maintain_order="left")
    none = pl.lit(None, pl.String)
    no_variants, not_reduced = pl.lit(None, pl.Int64), pl.lit(None, DTYPES["money"])
    texts = {"brand": none, "product_type": none, "size": none, "description": none}
    products = _add(products, **texts, family_id=no_variants, regular_price=not_reduced)
    told = pl.concat_str(pl.col("brand"), pl.col("product_type"), pl.col("size"), separator=" ", ignore_nulls=True)
    title = pl.when(told == "").then(pl.format("Product {}", "product_id")).otherwise(told.str.slice(0, 500))
    tables["products"] = _add(
        products,
        title=title,
        price=pl.coalesce("paid_price", pl.lit(0).cast(DTYPES["money"])),
        stock=pl.lit(DEFAULT_STOCK),
        is_visible=pl.lit(True),
        **_stamp(pl.coalesce("first", _start_of_data(tables))),
    )


def recent_prices(items: pl.DataFrame) -> pl.DataFrame:
    """Find what a unit of each product cost lately: the median of its last paid lines, gifts left aside.

    Args:
        items: order items with product_id, unit_price and ordered_at.

    Returns:
        product_id (key) and price, of the products that were ever paid for.
    """
    paid = items.filter(pl.col("unit_price") > 0).sort("ordered_at", maintain_order=True)
    median = pl.col("unit_price").cast(pl.Float64).tail(PRICE_SAMPLE).quantile(0.5, "nearest")
    return paid.group_by("product_id").agg(price=median.round(MOST_DECIMALS).cast(DTYPES["money"]))


def _complete_product_categories(tables: Frames) -> None:
    made = tables["products"].select("product_id", made="created_at")
    further = tables["product_categories"].join(made, on="product_id", how="left", maintain_order="left")
    tables["product_categories"] = _add(further, **_number("product_category_id"), **_stamp(pl.col("made")))


def _complete_product_images(tables: Frames) -> None:
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("product_id")
    made = tables["products"].select("product_id", made="created_at")
    images = tables["product_images"].join(made, on="product_id", how="left", maintain_order="left")
    tables["product_images"] = _add(images, **_number("image_id"), position=place, **_stamp(pl.col("made")))


def _complete_product_reviews(tables: Frames) -> None:
    """Date a review by the purchase that it speaks of, where the file has no date."""
    owners = tables["orders"].select("order_id", "user_id")
    bought = tables["order_items"].select("order_id", "product_id", "ordered_at").join(owners, on="order_id")
    last = bought.group_by("user_id", "product_id").agg(bought=pl.col("ordered_at").max())
    reviews = tables["product_reviews"].join(last, on=["user_id", "product_id"], how="left", maintain_order="left")
    known = tables["users"].select("user_id", user_known="created_at")
    made = tables["products"].select("product_id", product_known="created_at")
    reviews = reviews.join(known, on="user_id", how="left", maintain_order="left")
    reviews = reviews.join(made, on="product_id", how="left", maintain_order="left")
    created = pl.coalesce("bought", pl.max_horizontal("user_known", "product_known"))
    tables["product_reviews"] = _add(reviews, **_number("review_id"), body=pl.lit(None, pl.String), **_stamp(created))


def _complete_coupons(tables: Frames) -> None:
    no_id = pl.lit(None, pl.Int64)
    tables["coupons"] = _add(
        tables["coupons"],
        code=pl.format("COUPON-{}", "coupon_id"),
        name=pl.col("code"),
        product_id=no_id,
        category_id=no_id,
        **_stamp(pl.col("valid_from")),
    )


def _complete_user_coupons(tables: Frames) -> None:
    starts = tables["coupons"].select("coupon_id", "valid_from")
    held = tables["user_coupons"].join(starts, on="coupon_id", how="left", maintain_order="left")
    no_instant = pl.lit(None, pl.Datetime("us", "UTC"))
    tables["user_coupons"] = _add(
        held,
        **_number("user_coupon_id"),
        issued_at=pl.col("valid_from"),
        used_at=no_instant,
        order_id=pl.lit(None, pl.Int64),
        created_at=pl.col("issued_at"),
        updated_at=pl.coalesce("used_at", "created_at"),
    )


def _complete_events(tables: Frames) -> None:
    no_text = pl.lit(None, pl.String)
    tables["events"] = _add(
        tables["events"],
        **_number("event_id"),
        event_key=pl.format("event-{}", "event_id"),
        user_id=pl.lit(None, pl.Int64),
        request_id=pl.format("event-{}", "event_id"),
        position=pl.lit(None, pl.Int64),
        batch_id=no_text,
        model_version=no_text,
        rung=no_text,
        arm=no_text,
        shelf=no_text,
        place=pl.lit(None, pl.Int64),
        propensity=pl.lit(None, DTYPES["number"]),
        **_stamp(pl.col("occurred_at")),
    )


_COMPLETIONS: tuple[Callable[[Frames], None], ...] = (
    _complete_order_items,
    _complete_orders,
    _complete_users,
    _complete_categories,
    _complete_products,
    _complete_product_categories,
    _complete_product_images,
    _complete_product_reviews,
    _complete_coupons,
    _complete_user_coupons,
    _complete_events,
)
