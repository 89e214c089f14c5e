from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from features.snapshot.availability import load_availability
from features.snapshot.lines import find_last_sales, scan_lines
from features.snapshot.purchases import NO_CATEGORY, Purchases, finish_lines, load_product_facts, load_purchases
from features.store import MLStore
from features.store_failures import StoreError
from features.sync.shop_sync import sync_shop
from shop.database import session_scope
from shop.tables import OrderItem
from tests.features.shop_writes import execute
from tests.support.tiny_shop import day

TICK = timedelta(microseconds=1)


def test_each_order_and_product_is_one_line_sorted_by_user_and_time(tiny_purchases: Purchases) -> None:
    lines = tiny_purchases.lines

    assert lines.select("user_id", "order_id", "product_id", "days").rows() == [
        (1, 1, 1, 24.0),
        (1, 1, 3, 24.0),
        (1, 2, 1, 17.0),
        (1, 2, 3, 17.0),
        (1, 3, 1, 10.0),
        (1, 7, 1, 3.0),
        (2, 4, 1, 22.0),
        (2, 4, 3, 22.0),
        (2, 5, 5, 5.0),
    ]


def test_value_is_money_paid_and_discount_is_per_line(tiny_purchases: Purchases) -> None:
    lines = tiny_purchases.lines.filter(pl.col("order_id").is_in([1, 4]))

    assert lines.select("order_id", "product_id", "quantity", "value", "discount").rows() == [
        (1, 1, 2.0, 5.0, 0.0),
        (1, 3, 1.0, 3.0, 0.0),
        (4, 1, 1.0, 2.5, 0.0),
        (4, 3, 1.0, 2.7, 0.3),
    ]


def test_an_order_at_the_very_instant_belongs_to_the_future(tiny_store: MLStore) -> None:
    at, after = load_purchases(tiny_store, day(22)), load_purchases(tiny_store, day(22) + timedelta(microseconds=1))

    assert 7 not in at.lines["order_id"]
    assert 7 in after.lines["order_id"]


def test_cancelled_orders_are_left_out_and_their_user_stays(tiny_purchases: Purchases) -> None:
    assert 6 not in tiny_purchases.lines["order_id"]
    assert tiny_purchases.user_ids["user_id"].to_list() == [1, 2, 3, 4]


def test_users_are_known_from_their_registration_on(tiny_store: MLStore) -> None:
    assert load_purchases(tiny_store, day(12)).user_ids["user_id"].to_list() == [1, 2, 3]


def test_coupons_count_from_their_redemption_on(tiny_store: MLStore) -> None:
    before, after = (load_purchases(tiny_store, day(number)).coupons_used.height for number in (3, 4))

    assert (before, after) == (0, 1)


def test_repeats_of_a_product_within_an_order_are_merged(tiny_shop: Engine, store: MLStore) -> None:
    with session_scope(tiny_shop) as session:
        session.add(
            OrderItem(
                order_item_id=99,
                order_id=7,
                product_id=1,
                quantity=3,
                unit_price=Decimal("2.00"),
                discount_amount=Decimal("1.50"),
                created_at=day(22),
                updated_at=day(22),
            )
        )
    sync_shop(tiny_shop, store)

    lines = load_purchases(store, day(25)).lines.filter(pl.col("order_id") == 7)

    assert lines.select("product_id", "quantity", "value", "discount").rows() == [(1, 4.0, 8.5, 1.5)]


def test_a_product_without_category_type_and_brand_is_of_no_category(tiny_store: MLStore, tmp_path: Path) -> None:
    store = copy_tables(tiny_store, MLStore(str(tmp_path)))
    products = tiny_store.scan("products").collect()
    is_bread = pl.col("product_id") == 3
    bare = {name: pl.when(~is_bread).then(pl.col(name)) for name in ("category_id", "product_type", "brand")}
    store.overwrite("products", products.with_columns(**bare))

    purchases = load_purchases(store, day(25))

    bread = purchases.products.row(1, named=True)
    others = purchases.products.filter(~is_bread)
    assert bread["category_id"] == NO_CATEGORY
    assert bread["type_code"] not in others["type_code"]
    assert bread["brand_code"] not in others["brand_code"]
    assert set(purchases.lines.filter(is_bread)["category_id"]) == {NO_CATEGORY}


def test_codes_are_dense(tiny_purchases: Purchases) -> None:
    products = tiny_purchases.products

    assert sorted(products["type_code"]) == [0, 1, 2, 3, 4]
    assert products["brand_code"].to_list() == [0, 1, 1, 2, 2]


def test_only_what_is_visible_and_in_stock_is_sellable(tiny_purchases: Purchases) -> None:
    """Product 2 is hidden and was never bought, 4 is sold out."""
    products = tiny_purchases.products.select("product_id", "is_sellable")

    assert products.rows() == [(1, True), (3, True), (4, False), (5, True), (6, True)]


HIDDEN_ON_10 = "UPDATE products SET is_visible = 0, updated_at = '2026-01-10 12:00:00.000000' WHERE product_id = {}"
SOLD_OUT_ON_10 = "UPDATE products SET stock = 0, updated_at = '2026-01-10 12:00:00.000000' WHERE product_id = {}"


def test_what_was_bought_while_it_was_hidden_is_left_out(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    for product in (3, 5):
        execute(tiny_shop, HIDDEN_ON_10.format(product))
    sync_shop(tiny_shop, store)

    purchases = load_purchases(store, day(25))

    assert purchases.lines.filter(product_id=3)["order_id"].to_list() == [1, 2, 4]
    assert purchases.lines.filter(product_id=5).is_empty()
    assert purchases.products.filter(product_id=3)["is_sellable"].to_list() == [False]
    assert 5 not in purchases.products["product_id"]


def test_what_was_bought_before_it_was_sold_out_counts(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    before = load_purchases(store, day(25))
    execute(tiny_shop, SOLD_OUT_ON_10.format(1))
    sync_shop(tiny_shop, store)

    purchases = load_purchases(store, day(25))

    assert purchases.lines.equals(before.lines)
    assert purchases.products.filter(product_id=1)["is_sellable"].to_list() == [False]


@pytest.mark.parametrize("statement", [HIDDEN_ON_10, SOLD_OUT_ON_10], ids=["hidden", "sold out"])
def test_a_product_is_sellable_until_the_very_instant_at_which_it_is_not(
    tiny_shop: Engine, store: MLStore, statement: str
) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, statement.format(3))
    sync_shop(tiny_shop, store)

    newest = load_purchases(store, day(25))
    on_that_day = load_purchases(store, day(10)), newest.before(day(10))
    just_after = load_purchases(store, day(10) + TICK), newest.before(day(10) + TICK)

    assert [one.products.filter(product_id=3)["is_sellable"].item() for one in on_that_day] == [True, True]
    assert [one.products.filter(product_id=3)["is_sellable"].item() for one in just_after] == [False, False]


def test_a_product_that_is_shown_again_is_sellable_again(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, HIDDEN_ON_10.format(1))
    sync_shop(tiny_shop, store)
    shown = "UPDATE products SET is_visible = 1, updated_at = '2026-01-20 12:00:00.000000' WHERE product_id = 1"
    execute(tiny_shop, shown)
    sync_shop(tiny_shop, store)

    purchases = load_purchases(store, day(25))

    assert purchases.lines.filter(product_id=1)["order_id"].to_list() == [1, 2, 7, 4]
    assert purchases.products.filter(product_id=1)["is_sellable"].item()


def test_going_back_reads_what_was_known_then(tiny_purchases: Purchases) -> None:
    earlier = tiny_purchases.before(day(10))

    assert earlier.lines.select("order_id", "product_id", "days").rows() == [
        (1, 1, 9.0),
        (1, 3, 9.0),
        (2, 1, 2.0),
        (2, 3, 2.0),
        (4, 1, 7.0),
        (4, 3, 7.0),
    ]
    assert earlier.user_ids["user_id"].to_list() == [1, 2]
    assert earlier.products["product_id"].to_list() == [1, 3]


GUESTS_BUY_ON_10 = (
    "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount, created_at, updated_at) VALUES "
    "(11, NULL, 'paid', '{at}', 5, '{at}', '{at}'), (12, NULL, 'paid', '{at}', 5, '{at}', '{at}')"
)
LINES_OF_GUESTS = (
    "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, created_at, updated_at) "
    "VALUES (91, 11, 5, 2, 1, '{at}', '{at}'), (92, 11, 6, 1, 1, '{at}', '{at}'), (93, 12, 1, 1, 1, '{at}', '{at}')"
)


@pytest.fixture
def guest_store(tiny_shop: Engine, store: MLStore) -> MLStore:
    """The tiny shop after two guests bought on the 10th: cola and juice, and milk."""
    at = "2026-01-10 12:00:00.000000"
    execute(tiny_shop, GUESTS_BUY_ON_10.format(at=at), LINES_OF_GUESTS.format(at=at))
    sync_shop(tiny_shop, store, verify=True)
    return store


def test_guests_orders_are_baskets_of_nobody(guest_store: MLStore, tiny_purchases: Purchases) -> None:
    purchases = load_purchases(guest_store, day(25))

    columns = ["user_id", "order_id", "product_id", "quantity", "days"]
    assert purchases.guest_lines.select(columns).rows() == [(-2, 12, 1, 1, 15), (-1, 11, 5, 2, 15), (-1, 11, 6, 1, 15)]
    assert purchases.lines.equals(tiny_purchases.lines)
    assert purchases.user_ids.equals(tiny_purchases.user_ids)
    assert purchases.within(day(1), day(25)).equals(tiny_purchases.within(day(1), day(25)))


def test_guests_are_known_from_their_order_on(guest_store: MLStore) -> None:
    newest = load_purchases(guest_store, day(25))
    on_that_day = load_purchases(guest_store, day(10)), newest.before(day(10))
    just_after = load_purchases(guest_store, day(10) + TICK), newest.before(day(10) + TICK)

    assert [one.guest_lines.height for one in (*on_that_day, *just_after)] == [0, 0, 3, 3]
    assert [6 in one.products["product_id"] for one in (on_that_day[1], just_after[1])] == [False, True]


def test_a_guest_that_is_found_to_be_a_user_is_one_from_then_on(tiny_shop: Engine, guest_store: MLStore) -> None:
    at = "2026-01-15 12:00:00.000000"
    execute(tiny_shop, f"UPDATE orders SET user_id = 3, updated_at = '{at}' WHERE order_id = 11")
    sync_shop(tiny_shop, guest_store)

    before, after = (load_purchases(guest_store, at) for at in (day(15), day(15) + TICK))

    assert [one.guest_lines["order_id"].unique().sort().to_list() for one in (before, after)] == [[11, 12], [12]]
    assert [one.lines.filter(user_id=3).height for one in (before, after)] == [0, 2]


def test_labels_lie_in_the_window_start_included_end_excluded(tiny_purchases: Purchases) -> None:
    labels = tiny_purchases.within(day(8), day(22))

    assert labels.columns == ["user_id", "product_id", "num_orders", "is_first_order"]
    assert labels.rows() == [(1, 1, 2, True), (1, 3, 1, True), (2, 5, 1, True)]


def test_an_order_counts_once_for_a_category_however_many_products_of_it_it_holds(tiny_purchases: Purchases) -> None:
    of_one_category = replace(tiny_purchases, lines=tiny_purchases.lines.with_columns(category_id=pl.lit(7)))

    labels = of_one_category.within(day(1), day(22), "category_id")

    assert labels.rows() == [(1, 7, 3, True), (2, 7, 2, True)]


def test_labels_say_which_of_them_were_in_the_first_order_of_the_window(tiny_purchases: Purchases) -> None:
    labels = tiny_purchases.within(day(2), day(22))

    first = labels.filter(pl.col("is_first_order")).select("user_id", "product_id")
    assert first.rows() == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert labels.filter(~pl.col("is_first_order")).select("user_id", "product_id").rows() == [(2, 5)]


def test_a_damaged_file_is_said_in_one_line(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    for path in (Path(store.uri) / "order_items").rglob("*.parquet"):
        path.write_bytes(b"no parquet")

    with pytest.raises(StoreError, match="cannot be read") as said:
        load_purchases(store, day(25))

    assert "\n" not in str(said.value)


def test_a_shop_that_was_never_synced_is_refused(store: MLStore) -> None:
    with pytest.raises(StoreError, match=r"features\.sync"):
        load_purchases(store, day(25))


def copy_tables(source: MLStore, target: MLStore) -> MLStore:
    for name in ("users", "products", "orders", "order_items"):
        target.overwrite(name, source.scan(name).collect())
    return target


def test_lines_of_an_order_need_not_stand_together(tiny_store: MLStore) -> None:
    lines = scan_lines(tiny_store, day(26), None).collect().sort("product_id", "order_id")
    availability = load_availability(tiny_store, day(26), None, find_last_sales(lines))
    facts = load_product_facts(tiny_store, day(26), None, availability, lines["product_id"].unique())

    apart, together = finish_lines(facts, lines), finish_lines(facts, lines.sort("order_id"))

    assert (lines["order_id"].rle_id().n_unique(), lines["order_id"].n_unique()) == (lines.height, 6)
    assert apart.equals(together)
    assert apart.equals(apart.sort("user_id", "ordered_at", "order_id", "product_id"))
