"""The demo shop, built from the real data set once for all tests here."""

from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import polars as pl
import pytest

from shop.loaders.completion import complete_tables
from shop.loaders.demo.build import build_demo_tables
from shop.loaders.demo.source import DemoSource, find_data_folder, find_shift, read_demo_source
from shop.storefront.drawings import render_product_drawing

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def source() -> DemoSource:
    return read_demo_source(find_data_folder(), None)


@pytest.fixture(scope="module")
def shop(source: DemoSource) -> Tables:
    return complete_tables(build_demo_tables(source))


def test_it_holds_what_the_data_set_holds(shop: Tables) -> None:
    sizes = {name: len(shop[name]) for name in ("users", "categories", "products", "orders", "order_items", "coupons")}

    assert sizes == {
        "users": 2469,
        "categories": 16,
        "products": 90869,
        "orders": 140527,
        "order_items": 1438660,
        "coupons": 1197,
    }


def test_ids_are_the_data_sets_own(shop: Tables) -> None:
    first = shop["order_items"].row(0, named=True)

    assert (first["order_id"], first["product_id"]) == (31198570044, 1095275)
    assert shop["orders"].row(0, named=True)["user_id"] == 900
    assert (first["unit_price"], first["quantity"]) == (Decimal("0.50"), 1)


def test_categories_are_sorted_by_name(shop: Tables) -> None:
    assert shop["categories"]["category_id"].to_list() == list(range(1, 17))
    assert shop["categories"]["name"].is_sorted()


def test_totals_are_what_was_paid_to_the_cent(shop: Tables, source: DemoSource) -> None:
    assert shop["orders"]["total_amount"].sum() == Decimal(int(source.lines["paid_cents"].sum())) / 100


def test_every_product_costs_something_and_shows_something(shop: Tables) -> None:
    products = shop["products"]

    assert products.filter(pl.col("price") <= 0).is_empty()
    assert products["title"].str.len_chars().min() >= 3
    assert set(shop["product_images"]["product_id"]) == set(products["product_id"])


def test_no_two_products_share_a_title_and_variants_share_a_family(shop: Tables) -> None:
    products = shop["products"]
    families = products.drop_nulls("family_id").group_by("family_id").agg(pl.len(), pl.col("brand", "product_type"))

    assert products["title"].is_unique().all()
    assert len(families) == 8688
    assert families["len"].min() == 2
    assert families.filter(pl.col("brand").list.n_unique() + pl.col("product_type").list.n_unique() > 2).is_empty()
    assert products["family_id"].null_count() == 6110


def test_no_size_is_a_piece_of_a_products_code(shop: Tables) -> None:
    assert shop["products"].filter(pl.col("size").str.contains(r"\d{5}")).is_empty()


def test_a_bottle_deposit_is_not_on_sale(shop: Tables) -> None:
    hidden = shop["products"].filter(~pl.col("is_visible"))

    assert set(hidden["product_type"]) == {"Crv Deposit Nt & F", "Crv Deposit T & Nf"}
    assert len(hidden) == 4


def test_prices_are_what_was_paid_lately(shop: Tables) -> None:
    paid = shop["order_items"].filter((pl.col("product_id") == 1029743) & (pl.col("unit_price") > 0))
    last = sorted(paid["unit_price"].tail(20).to_list())
    price = shop["products"].filter(pl.col("product_id") == 1029743)["price"][0]

    assert last[9] <= price <= last[10]


@pytest.mark.parametrize("product_id", [872531, 829191], ids=["papaya", "potcovers"])
def test_what_was_all_but_given_away_costs_what_its_type_does(shop: Tables, product_id: int) -> None:
    """They were paid with 1 and 10 cents, where their like cost 2 to 3 dollars."""
    products = shop["products"]
    given = products.filter(pl.col("product_id") == product_id)
    alike = products.join(given.select("product_type"), on="product_type")

    assert shop["order_items"].filter((pl.col("product_id") == product_id) & (pl.col("unit_price") > 0.1)).is_empty()
    assert given["price"].cast(float)[0] == pytest.approx(alike["price"].cast(float).median(), abs=0.02)


def test_reduced_products_say_what_they_cost_without_members_discounts(shop: Tables) -> None:
    products = shop["products"]
    reduced = products.filter(pl.col("regular_price").is_not_null())

    assert reduced.filter(pl.col("regular_price") <= pl.col("price")).is_empty()
    assert 0.2 < len(reduced) / len(products) < 0.4
    product = reduced.row(0, named=True)
    lines = shop["order_items"].filter(pl.col("product_id") == product["product_id"], pl.col("unit_price") > 0).tail(20)
    before = lines["unit_price"].cast(float) + lines["discount_amount"].cast(float) / lines["quantity"]
    assert before.quantile(0.5, "nearest") == pytest.approx(float(product["regular_price"]), abs=0.01)


def test_no_product_costs_less_than_a_tenth_of_its_like(shop: Tables) -> None:
    price = pl.col("price").cast(pl.Float64)

    assert shop["products"].filter(price < 0.099 * price.median().over("product_type")).is_empty()


def test_products_are_known_from_their_first_sale_on(shop: Tables) -> None:
    first = shop["order_items"].group_by("product_id").agg(first=pl.col("created_at").min())
    joined = shop["products"].join(first, on="product_id")

    assert joined.filter(pl.col("created_at") != pl.col("first")).is_empty()
    assert shop["products"]["created_at"].min() == datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)


def test_nicknames_are_korean_and_unlike(shop: Tables) -> None:
    nicknames = shop["users"]["nickname"]

    assert nicknames.is_unique().all()
    assert nicknames.str.contains(r"^[가-힣]{2,4}$").all()


def test_redeemed_coupons_were_used_in_their_owners_order(shop: Tables) -> None:
    used = shop["user_coupons"].drop_nulls("order_id").join(shop["orders"], on="order_id", suffix="_order")

    assert len(shop["user_coupons"].drop_nulls("used_at")) == 2102
    assert len(used) > 900
    assert (used["user_id"] == used["user_id_order"]).all()
    assert (used["used_at"] == used["ordered_at"]).all()


def test_coupons_name_a_product_or_a_category(shop: Tables) -> None:
    coupons = shop["coupons"]

    assert (coupons["product_id"].is_null() ^ coupons["category_id"].is_null()).all()
    assert coupons.filter(pl.col("discount_value") <= 0).is_empty()
    assert coupons["name"].str.contains(r"^\d+\.\d\d off .+").all()


@pytest.mark.parametrize(
    "end",
    [date(2018, 1, 1), date(2026, 11, 21), date(2026, 11, 16), date(2016, 1, 3)],
    ids=str,
)
def test_dates_move_by_whole_weeks_and_reach_the_last_day(end: date) -> None:
    shift = find_shift(end)

    assert shift.days % 7 == 0
    assert 0 <= (date(2018, 1, 1) + shift - end).days < 7


def test_the_last_purchase_falls_on_the_last_day() -> None:
    source = read_demo_source(find_data_folder(), date(2026, 11, 21))

    assert source.lines["ordered_at"].dt.date().max() == date(2026, 11, 21)
    assert source.redemptions["redeemed_at"].dt.date().max() <= date(2026, 11, 21)
    assert source.campaigns["starts_at"].dt.date().max() <= date(2026, 11, 21)


def test_original_dates_do_not_move(source: DemoSource) -> None:
    assert source.lines["ordered_at"].max() == datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)


def test_every_hundredth_product_draws_as_valid_svg(shop: Tables) -> None:
    for row in shop["products"].gather_every(100).iter_rows(named=True):
        drawing = render_product_drawing(
            product_id=row["product_id"],
            category_id=row["category_id"],
            title=row["title"],
            brand=row["brand"],
            product_type=row["product_type"],
            size=row["size"],
        )
        assert ElementTree.fromstring(drawing).tag.endswith("svg")
