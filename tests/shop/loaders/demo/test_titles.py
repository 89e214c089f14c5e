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
    ("6-12 OZ", "6 x 12 oz"),
    ("2 - 7.5 OZ", "2 x 7.5 oz"),
    ("7-3/4 OZ", "7 3/4 oz"),
    ("3-4 LB", "3-4 lb"),
    ("30-35 CT", "30-35 ct"),
    ("1/2 GAL", "1/2 gal"),
    ("1 1/2 QT", "1 1/2 qt"),
    ("CR    8 OZ", "8 oz"),
    (".45 OZ", "0.45 oz"),
    ("600 4 LB", "4 lb"),
    ("12 OZ/8 CT", "12 oz / 8 ct"),
    ("13 OZ(6)", "13 oz"),
    ("ALL  12 OZ", "12 oz"),
    ("ABCD  8 OZ", "8 oz"),
    ("974006  PK", None),
    ("45675615 OZ", None),
    ("7 OZ 156174", "7 oz"),
    ("4752 SHEET", "4752 sheet"),
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


def test_the_private_label_has_one_name() -> None:
    assert describe_products(PRODUCTS).row(1, named=True)["title"] == "Maple Row Dairy Milk 1 gal"


def test_brands_are_the_same_each_time_and_fit_the_goods() -> None:
    brands = name_brands(PRODUCTS)

    assert brands == name_brands(PRODUCTS)
    assert brands[700].endswith(("Snacks", "Confections", "Treats"))
    assert len(set(brands.values())) == 3


def test_variants_of_one_thing_are_a_family_and_have_titles_of_their_own() -> None:
    milk = PRODUCTS.filter(pl.col("product_id") == 2)
    half = milk.with_columns(product_id=pl.lit(4, pl.Int64), package_size=pl.lit("1/2 GAL"))
    same = milk.with_columns(product_id=pl.lit(5, pl.Int64))

    described = describe_products(pl.concat([PRODUCTS, half, same]))

    assert dict(described.select("product_id", "family_id").rows()) == {1: None, 2: 2, 3: None, 4: 2, 5: 2}
    titles = described.filter(pl.col("family_id") == 2)["title"].to_list()
    assert titles == [
        "Maple Row Dairy Milk 1 gal, No. 1",
        "Maple Row Dairy Milk 1/2 gal",
        "Maple Row Dairy Milk 1 gal, No. 2",
    ]


def test_a_size_that_the_type_says_is_not_said_twice() -> None:
    wine = PRODUCTS.head(1).with_columns(
        department=pl.lit("GROCERY"), product_type=pl.lit("POPULAR 750ML WINES"), package_size=pl.lit("750 ML")
    )

    assert describe_products(wine).row(0, named=True)["title"] == "Popular 750 ml Wines"
