from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, select

from shop.database import session_scope
from shop.loaders.directory import build_directory_shop
from shop.loaders.writing import write_shop
from shop.tables import Category, Coupon, Order, OrderItem, Product, User
from tests.shop.loaders.shop_files import write_shop_files


def ignore(_line: str) -> None:
    pass


def build(folder: Path) -> dict[str, pl.DataFrame]:
    return {batch.table: batch.frame for batch in build_directory_shop(folder, ignore)}


def test_a_folder_of_csv_becomes_a_shop(any_empty_shop: Engine, tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop")

    num_rows = write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    assert (num_rows["users"], num_rows["products"], num_rows["order_items"]) == (3, 3, 5)
    with session_scope(any_empty_shop) as session:
        assert session.get_one(User, 2).nickname == "Zoë 🌸"
        assert session.get_one(Order, 101).ordered_at == datetime(2026, 2, 1, 0, 30, tzinfo=UTC)
        assert session.get_one(Order, 101).total_amount == Decimal("16.75")
        assert session.get_one(Product, 10).price == Decimal("5.00")
        assert list(session.scalars(select(OrderItem.product_id).order_by(OrderItem.order_item_id))) == [
            10, 11, 10, 10, 10
        ]  # fmt: skip


def test_parquet_and_csv_give_the_same_shop(tmp_path: Path) -> None:
    texts, binary = write_shop_files(tmp_path / "texts"), tmp_path / "binary"
    binary.mkdir()
    for path in texts.glob("*.csv"):
        pl.read_csv(path, try_parse_dates=False).write_parquet(binary / f"{path.stem}.parquet")

    from_texts, from_binary = build(texts), build(binary)

    assert all(from_texts[name].equals(from_binary[name]) for name in from_texts)


def test_the_least_that_a_shop_needs(tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        users="user_id\n0\n1\n",
        categories=None,
        products="product_id\n5\n6\n",
        orders="order_id,user_id,ordered_at\n1,0,2026-01-05\n",
        order_items="order_id,product_id\n1,5\n",
    )

    shop = build(folder)

    assert shop["categories"]["name"].to_list() == ["Everything"]
    assert shop["products"]["category_id"].to_list() == [1, 1]
    assert shop["products"]["price"].to_list() == [Decimal("0.00"), Decimal("0.00")]
    assert shop["users"]["nickname"].to_list() == ["user0", "user1"]
    assert shop["order_items"].select("quantity", "unit_price").row(0) == (1, Decimal("0.00"))
    assert shop["orders"]["total_amount"].to_list() == [Decimal("0.00")]


def test_ids_of_zero_reach_the_database(any_empty_shop: Engine, tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        users="user_id\n0\n",
        categories="category_id\n0\n",
        products="product_id,category_id\n0,0\n",
        orders="order_id,user_id,ordered_at\n0,0,2026-01-05\n",
        order_items="order_item_id,order_id,product_id\n0,0,0\n",
    )

    write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    with session_scope(any_empty_shop) as session:
        assert session.get_one(OrderItem, 0).product_id == session.get_one(Category, 0).category_id == 0


def test_categories_are_made_from_the_ids_of_products(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop", categories=None, products="product_id,category_id\n10,7\n11,3\n12,\n")

    shop = build(folder)

    assert shop["categories"].select("category_id", "name").rows() == [
        (3, "Category 3"), (7, "Category 7"), (8, "Everything")
    ]  # fmt: skip
    assert shop["products"]["category_id"].to_list() == [7, 3, 8]


def test_first_orders_say_since_when_users_and_products_are_known(tmp_path: Path) -> None:
    shop = build(write_shop_files(tmp_path / "shop"))
    start, second = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 1, 0, 30, tzinfo=UTC)

    assert shop["users"]["created_at"].to_list() == [start, second, start]
    assert shop["products"]["created_at"].to_list() == [start, second, start]
    assert shop["order_items"]["updated_at"][1] == second


def test_a_shop_without_orders_is_a_shop(tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop", orders="order_id,user_id,ordered_at\n", order_items="order_id,product_id\n"
    )

    assert build(folder)["users"]["created_at"].to_list() == [datetime(2000, 1, 1, tzinfo=UTC)] * 3


def test_a_total_that_is_given_need_not_be_computed(tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        orders="order_id,user_id,ordered_at,total_amount\n100,1,2026-01-05,7\n",
        order_items="order_id,product_id,quantity,unit_price\n100,10,2147483647,9999999999.99\n",
    )

    assert build(folder)["orders"]["total_amount"].to_list() == [7]


def test_products_without_a_category_get_one_beside_the_largest_id(tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        categories=f"category_id,name\n1,Tea\n{2**63 - 1},Cups\n",
        products=f"product_id,category_id\n10,1\n11,\n12,{2**63 - 1}\n",
    )

    assert build(folder)["products"]["category_id"].to_list() == [1, 2, 2**63 - 1]


def test_words_and_rows_for_nothing_are_nothing(tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        products="product_id,title,brand,price\n10,Tea,NULL,NULL\n11,None,Acme,null\n12,Cup,\\N,nan\n,,,\n",
    )

    products = build(folder)["products"]

    assert products["product_id"].to_list() == [10, 11, 12]
    assert products["title"].to_list() == ["Tea", "None", "Cup"]
    assert products["brand"].to_list() == [None, "Acme", None]


def test_orders_without_a_user_are_guests(any_empty_shop: Engine, tmp_path: Path) -> None:
    orders = "order_id,user_id,ordered_at\n100,1,2026-01-05\n101,,2026-02-01\n102,NULL,2026-03-01\n"
    folder = write_shop_files(tmp_path / "shop", orders=orders)

    write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    with session_scope(any_empty_shop) as session:
        assert list(session.scalars(select(Order.user_id).order_by(Order.order_id))) == [1, None, None]
        assert session.get_one(Order, 101).total_amount == Decimal("16.75")


def test_variants_keep_their_family(any_empty_shop: Engine, tmp_path: Path) -> None:
    products = f"product_id,category_id,family_id\n10,1,{2**63 - 1}\n11,2,0\n12,2,NULL\n"
    folder = write_shop_files(tmp_path / "shop", products=products)

    write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    with session_scope(any_empty_shop) as session:
        families = list(session.scalars(select(Product.family_id).order_by(Product.product_id)))
    assert families == [2**63 - 1, 0, None]


def test_returns_weights_and_stock_below_zero_are_taken(any_empty_shop: Engine, tmp_path: Path) -> None:
    folder = write_shop_files(
        tmp_path / "shop",
        products="product_id,category_id,title,price,stock\n10,1,Green tea,4,-3\n11,2,Blue cup,12,7\n12,2,,1,0\n",
        order_items="order_id,product_id,quantity,unit_price\n100,10,0.35,4\n100,11,2.5,1\n101,11,-1,12\n102,12,-0.2,1\n",
    )

    write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    with session_scope(any_empty_shop) as session:
        assert list(session.scalars(select(OrderItem.quantity).order_by(OrderItem.order_item_id))) == [1, 3, -1, -1]
        assert list(session.scalars(select(Product.stock).order_by(Product.product_id))) == [0, 7, 0]
        assert list(session.scalars(select(Order.total_amount).order_by(Order.order_id))) == [7, 0, 0]


def test_orders_of_days_to_come_are_named_and_left_out(tmp_path: Path) -> None:
    orders = "order_id,user_id,ordered_at\n100,1,2026-01-05\n101,2,2150-01-01\n102,1,2026-03-01\n"
    held = "user_id,coupon_id,order_id\n1,5,101\n1,5,100\n"
    folder = write_shop_files(tmp_path / "shop", orders=orders)
    coupon = "coupon_id,discount_type,discount_value,valid_from,valid_until\n5,amount,1,2026-01-01,2026-02-01\n"
    (folder / "coupons.csv").write_text(coupon)
    (folder / "user_coupons.csv").write_text(held)
    said: list[str] = []

    tables = {batch.table: batch.frame for batch in build_directory_shop(folder, said.append)}

    assert said == ["orders: left out, orders of days to come: 1 rows, of them [101]"]
    assert tables["orders"]["order_id"].to_list() == [100, 102]
    assert set(tables["order_items"]["order_id"]) == {100, 102}
    assert tables["user_coupons"]["order_id"].to_list() == [None, 100]


def test_columns_that_mean_nothing_to_us_are_named(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop", users="user_id,shoe_size\n1,43\n2,38\n3,40\n")
    lines: list[str] = []

    list(build_directory_shop(folder, lines.append))

    assert lines == ["users.csv: not used: shoe_size"]


def test_optional_tables_load_with_their_defaults(any_empty_shop: Engine, tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop")
    (folder / "product_images.csv").write_text("product_id,image_url\n10,/a.jpg\n10,/b.jpg\n")
    (folder / "product_categories.csv").write_text("product_id,category_id\n10,2\n11,1\n")
    (folder / "product_reviews.csv").write_text("product_id,user_id,rating\n10,1,5\n11,3,1\n")
    (folder / "coupons.csv").write_text(
        "coupon_id,discount_type,discount_value,valid_from,valid_until,product_id\n1,percent,10,2026-01-01,2026-02-01,\n"
    )
    (folder / "user_coupons.csv").write_text("user_id,coupon_id\n1,1\n")
    (folder / "events.csv").write_text("event_type,product_id,occurred_at\nclick,10,2026-01-05\n")

    num_rows = write_shop(any_empty_shop, build_directory_shop(folder, ignore), replace=False, report=ignore)

    optional = ("product_categories", "product_images", "product_reviews", "coupons", "user_coupons", "events")
    assert [num_rows[name] for name in optional] == [2, 2, 2, 1, 1, 1]
    assert build(folder)["product_images"]["position"].to_list() == [0, 1]
    assert build(folder)["coupons"]["code"].to_list() == ["COUPON-1"]


@pytest.mark.parametrize(
    ("decimals", "price", "total"), [(0, "1", "3"), (2, "1.26", "3.78"), (3, "1.255", "3.765")], ids=["0", "2", "3"]
)
def test_amounts_have_the_decimals_of_the_currency_and_totals_follow(
    any_empty_shop: Engine, tmp_path: Path, decimals: int, price: str, total: str
) -> None:
    files = {
        "users": "user_id\n1\n",
        "products": "product_id,price\n3,1.255\n",
        "orders": "order_id,user_id,ordered_at\n1,1,2026-11-01\n",
        "order_items": "order_id,product_id,quantity\n1,3,3\n",
        "coupons": "coupon_id,discount_type,discount_value,valid_from,valid_until\n1,percent,7.5,2026-01-01,2028-01-01",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)

    shop = build_directory_shop(tmp_path, ignore, decimals)
    write_shop(any_empty_shop, shop, replace=False, report=ignore, decimals=decimals)

    with any_empty_shop.connect() as connection:
        assert connection.execute(select(Product.price)).scalar() == Decimal(price)
        assert connection.execute(select(Order.total_amount)).scalar() == Decimal(total)
        assert connection.execute(select(Coupon.discount_value)).scalar() == Decimal("7.5")
