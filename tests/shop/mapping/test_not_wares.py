"""Products that are no wares, named once in a mapping: rows that name them are left out and counted."""

import pytest
from sqlalchemy import Engine

from shop.mapping.check import check_shop
from shop.mapping.model import CANONICAL_FILE, MappingError, ShopMapping, parse_mapping
from tests.support.tiny_shop import fill_tiny_shop

TABLE = '[products]\ntable = "products"'
SELECT = '[products]\nselect = "SELECT p.*, p.title AS label FROM products AS p"'
BREAD = "{}\nnot_wares = \"{} LIKE '%Bread' OR {} = ':bag'\"\n"


def make_mapping(source: str, column: str) -> ShopMapping:
    text = CANONICAL_FILE.read_text().replace(TABLE, BREAD.format(source, column, column))
    return parse_mapping(text, "shop.toml")


@pytest.mark.parametrize(("source", "column"), [(TABLE, "title"), (SELECT, "label")], ids=["table", "select"])
def test_rows_that_name_what_is_no_ware_are_left_out_and_counted(
    any_empty_shop: Engine, source: str, column: str
) -> None:
    fill_tiny_shop(any_empty_shop)

    with any_empty_shop.connect() as connection:
        report = check_shop(connection, make_mapping(source, column))

    assert report.is_usable, report.to_text()
    assert {table.name: (table.num_rows, table.unseen) for table in report.tables if table.unseen} == {
        "products": (5, ("left out, products that are no wares: 1 rows",)),
        "product_categories": (0, ("left out, categories of what is no ware: 0 rows",)),
        "product_images": (5, ("left out, pictures of what is no ware: 1 rows",)),
        "order_items": (7, ("left out, lines that are no wares: 3 rows",)),
        "product_reviews": (1, ("left out, reviews of what is no ware: 0 rows",)),
        "coupons": (0, ("left out, coupons for what is no ware: 1 rows",)),
        "user_coupons": (1, ("1 rows wait: no row has the coupon_id that they name",)),
    }


def test_a_condition_in_another_section_or_of_another_kind_is_a_fault() -> None:
    with pytest.raises(MappingError) as told:
        parse_mapping(
            CANONICAL_FILE.read_text()
            .replace('[orders]\ntable = "orders"', '[orders]\ntable = "orders"\nnot_wares = "1 = 1"')
            .replace(TABLE, f"{TABLE}\nnot_wares = 3"),
            "shop.toml",
        )

    assert told.value.faults == [
        "[orders] not_wares: Extra inputs are not permitted",
        "[products] not_wares: Extra inputs are not permitted",
    ]
