import polars as pl
import pytest

from shop.loaders.demo.titles import describe_products, name_brands, tidy_size, tidy_type

TYPES = [
    ("ICE - CRUSHED/CUBED", "FRZN ICE", "Ice, Crushed & Cubed"),
    ("FLUID MILK WHITE ONLY", "FLUID MILK PRODUCTS", "Milk"),
    ("BREAD:ITALIAN/FRENCH", "BREAD", "Bread, Italian & French"),
    ("PREMIUM", "ICE CREAM/MILK/SHERBTS", "Ice Cream, Premium"),
    ("LEAN", "BEEF", "Beef, Lean"),
    ("CHOICE BEEF", "BEEF", "Choice Beef"),
    ("PINEAPPLE", "FRUIT - SHELF STABLE", "Canned Pineapple"),
    ("CANDY BARS (SINGLES)(INCLUDING", "CANDY - CHECKLANE", "Candy Bars"),
    ("WOMEN S GENERAL-MAGAZINE", "MAGAZINE", "Women's General Magazine"),
    (None, None, "Assorted Goods"),
    (None, "NEWSPAPER", "Newspaper"),
]


@pytest.mark.parametrize(("product_type", "product_category", "expected"), TYPES)
def test_types_read_like_a_shops(product_type: str | None, product_category: str | None, expected: str) -> None:
    assert tidy_type(product_type, product_category) == expected


SIZES = [
    ("22 LB", "22 lb"),
    ("6 PK/4 OZ", "6 x 4 oz"),
    ("10/6.75 OZ", "10 x 6.75 oz"),
    ("1/2 GAL", "1/2 gal"),
    ("1 1/2 QT", "1 1/2 qt"),
    ("CR    8 OZ", "8 oz"),
    (".45 OZ", "0.45 oz"),
    ("600 4 LB", "4 lb"),
    ("PT", "1 pt"),
    ("LARGE", "Large"),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("size", "expected"), SIZES)
def test_sizes_read_like_a_shops(size: str | None, expected: str | None) -> None:
    assert tidy_size(size) == expected


PRODUCTS = pl.DataFrame(
    {
        "product_id": [1, 2, 3],
        "manufacturer_id": [2, 69, 700],
        "department": ["PRODUCE", "GROCERY", "GROCERY"],
        "brand": ["National", "Private", "National"],
        "product_category": ["TROPICAL FRUIT", "FLUID MILK PRODUCTS", "BAG SNACKS"],
        "product_type": ["BANANAS", "FLUID MILK WHITE ONLY", "POTATO CHIPS"],
        "package_size": ["40 LB", "1 GAL", "12 OZ"],
        "category": ["Fruit & Vegetables", "Dairy & Eggs", "Snacks & Sweets"],
    }
)


def test_loose_goods_have_no_brand_and_not_the_crates_size() -> None:
    assert describe_products(PRODUCTS).row(0, named=True)["title"] == "Bananas"


def test_the_private_label_is_one_family() -> None:
    assert describe_products(PRODUCTS).row(1, named=True)["title"] == "Maple Row Dairy Milk 1 gal"


def test_brands_are_the_same_each_time_and_fit_the_goods() -> None:
    brands = name_brands(PRODUCTS)

    assert brands == name_brands(PRODUCTS)
    assert brands[700].endswith(("Snacks", "Confections", "Treats"))
    assert len(set(brands.values())) == 3
