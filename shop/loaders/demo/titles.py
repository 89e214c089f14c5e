"""Readable product texts for the demo shop: type, size, brand, title and family, from the data set's codes."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

import polars as pl
from faker import Faker

from shop.loaders.demo.words import DROPPED_WORDS, NOUNS, TYPES, UNITS, WORDS

CUT_OFF_LENGTH = 29
"""The data set cuts types at 30 characters: from this length on, the last word may be a stump."""

UNBRANDED_MANUFACTURER = 2
"""The retailer's number for goods of no maker: loose produce, salad bar, ice."""

PRODUCT_CODE = re.compile(r"\d{5,}(?:\.\d+)?(?:\s*[A-Z]+\s*$)?")
"""A piece of a product's code in the place of its size, with the unit that it was run together with: `974006 PK`."""

STORE_GRADES = re.compile(r"^(?:ALL|[A-DNLR]|(?:[A-D] ?){2,4})\s*(?=[\d.])|^[A-Z]{1,2}\s{2,}")
"""For which stores of the retailer a size is meant: `ABCD 8 OZ`, `ALL 12 OZ`."""

SINGLE_SIZE = re.compile(
    r"\s*(?:\d+ (?=[\d.]+ ))?"  # a crate's count before the size says nothing to a shopper
    r"(\d+ \d/\d|\d+/\d+|[\d.]+)?\s*-?\s*(FL OZ|SQ FT|[A-Z]+)(?:\s+(?:BTL|CAN|BAG|PET|BOX|NR))?\s*"
)

BRAND_SEED = 31
BRAND_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "Baby & Pet": ("Family", "Companions", "& Friends"),
    "Beer, Wine & Tobacco": ("Cellars", "Brewing", "Estate", "& Co."),
    "Bread & Bakery": ("Bakery", "Mill", "Ovens"),
    "Breakfast, Coffee & Baking": ("Mornings", "Mills", "Roasters"),
    "Canned Goods, Pasta & Sauces": ("Pantry", "Kitchen", "Foods"),
    "Dairy & Eggs": ("Dairy", "Creamery", "Farms"),
    "Deli & Packaged Meats": ("Deli", "Smokehouse", "& Sons"),
    "Frozen Foods": ("Frozen Foods", "Kitchen", "Icehouse"),
    "Fruit & Vegetables": ("Farms", "Orchards", "Gardens"),
    "Health & Beauty": ("Care", "Beauty", "Labs"),
    "Home, Flowers & Seasonal": ("Home", "Gifts", "Living"),
    "Household & Paper": ("Home Care", "Clean", "Household"),
    "Meat & Seafood": ("Butchers", "Ranch", "Harbor"),
    "Natural & Organic": ("Organics", "Naturals", "Acres"),
    "Snacks & Sweets": ("Snacks", "Confections", "Treats"),
    "Soft Drinks, Juice & Water": ("Springs", "Beverages", "Bottlers"),
}
OWN_BRAND = "Maple Row"


@cache
def tidy_type(product_type: str | None, product_category: str | None) -> str:
    """Spell a type of product as a shopper would.

    Args:
        product_type: the data set's type, in capitals, abbreviated, cut at 30 characters; may be missing.
        product_category: its wider category, which says what the product is where the type does not.
    """
    source = product_type or product_category
    if not source:
        return "Assorted Goods"
    text = TYPES.get(source) or _spell(source)
    noun = NOUNS.get(product_category or "")
    if noun and source not in TYPES and noun.split()[-1].rstrip("s").lower() not in text.lower():
        return f"{noun} {text}" if noun in ("Canned", "Greeting") else f"{noun}, {text}"
    return text


def _spell(source: str) -> str:
    """Expand abbreviations and turn the retailer's punctuation into commas and ampersands."""
    text = re.sub(r"\([^)]*\)?", " ", source)
    if len(source) >= CUT_OFF_LENGTH and text.rstrip() == source.rstrip():
        text = _drop_stump(text)
    if text.startswith("SEAFOOD-"):
        text = text.replace("-", " - ")
    text = text.replace("-MAGAZINE", " MAGAZINE").replace(" S ", "'S ")
    text = re.sub(r"\s*(:|\s-\s|-\s|\s-)\s*", " , ", text)
    text = re.sub(r"\s*[/&]+\s*", " & ", text).replace(";", " ")
    words = [_spell_word(word) for word in text.split() if word not in DROPPED_WORDS]
    phrase = re.sub(r"(\s*[,&-]\s*)+$|^(\s*[,&-]\s*)+", "", " ".join(words))
    phrase = re.sub(r"\s+,(?:\s*[,&])*", ",", phrase)
    while phrase.count(" & ") > 1:
        phrase = phrase.replace(" & ", ", ", 1)
    return phrase or source.title()


def _drop_stump(text: str) -> str:
    """Drop a last word that the cut left too short to be one and that is no known abbreviation."""
    head, _, last = text.rpartition(" ")
    is_stump = len(re.split(r"[-/&]", last)[-1]) <= 2 and last not in WORDS
    return head if is_stump and head else text


def _spell_word(word: str) -> str:
    if word.rstrip(".") in WORDS:
        return WORDS[word.rstrip(".")]
    if word in ("AND", "OR", "WITH", "ON", "IN", "THE", "OF", "FOR"):
        return word.lower()
    if "-" in word and not word.startswith("-"):
        return "-".join(_spell_word(part) for part in word.split("-"))
    return word.capitalize() if word.isalpha() else word.title().replace("'S", "'s")


@cache
def tidy_size(size: str | None) -> str | None:
    """Spell a package size: `6 PK/4 OZ` and `6-4 OZ` are `6 x 4 oz`, `12 OZ/8 CT` is `12 oz / 8 ct`.

    A range stays one: `3-4 LB`, `30-35 CT`. None when it says nothing.
    """
    if not size:
        return None
    text = re.sub(r"/?\s*\(\d+\)|[*#()]", " ", PRODUCT_CODE.sub(" ", STORE_GRADES.sub(" ", size.upper())))
    text = re.sub(r"(\d)-(?=\d/\d)", r"\1 ", text)  # 7-3/4 is a number and a fraction
    multiple = re.fullmatch(r"\s*(\d+)\s*(?:PK|P|CT)\s*/?\s*([\d.]+)\s*([A-Z ]+?)\s*", text)
    multiple = multiple or re.fullmatch(r"\s*(\d+)/([\d.]+)\s*(OZ|ML|CT|FL OZ)\s*", text)
    multiple = multiple or re.fullmatch(r"\s*(\d+)\s*-\s*([\d.]+)\s*(OZ|ML|FL OZ)\s*", text)
    if multiple and multiple.group(3) in UNITS:
        return f"{multiple.group(1)} x {_spell_number(multiple.group(2))} {UNITS[multiple.group(3)]}"
    for parts in ([text], text.split("/")):
        measures = list(filter(None, map(_spell_single, parts)))
        if len(measures) == len(parts):
            return " / ".join(measures)
    plain = " ".join(text.split()).lower()
    return plain if any(character.isdigit() for character in plain) else plain.title() or None


def _spell_single(text: str) -> str | None:
    """Spell one number and its unit; None where there is anything else."""
    single = SINGLE_SIZE.fullmatch(text)
    if single is None or single.group(2) not in UNITS:
        return None
    return f"{_spell_number(single.group(1) or '1')} {UNITS[single.group(2)]}"


def _spell_number(number: str) -> str:
    return f"0{number}" if number.startswith(".") else number


def name_brands(products: pl.DataFrame) -> dict[int, str]:
    """Invent a brand for each manufacturer, since the data set hides the real ones. The same each time.

    Args:
        products: columns manufacturer_id and category (the shop's).

    Returns:
        manufacturer_id to a brand that fits what the manufacturer mostly makes; no two share one.
    """
    main = products.group_by("manufacturer_id", "category").len().sort("manufacturer_id", "len", "category")
    faker = Faker("en_US")
    faker.seed_instance(BRAND_SEED)
    brands: dict[int, str] = {}
    taken: Counter[str] = Counter()
    for manufacturer, category in (
        main.group_by("manufacturer_id", maintain_order=True).last().rows_by_key("manufacturer_id", unique=True).items()
    ):
        endings = BRAND_ENDINGS[category[0]]
        brand = f"{faker.last_name()} {endings[manufacturer % len(endings)]}"
        while taken[brand]:
            brand = f"{faker.last_name()} {endings[faker.random_int(0, len(endings) - 1)]}"
        taken[brand] += 1
        brands[manufacturer] = brand
    return brands


def describe_products(products: pl.DataFrame) -> pl.DataFrame:
    """Give each product its texts and its family.

    A family is what one maker makes of one type. Its products differ by size; where the data tell no more of several,
    they are numbered in the order of their ids. So no two products share a title.

    Args:
        products: the data set's products with the shop's `category` (name), sorted by product_id.

    Returns:
        product_id (key), brand (None for loose goods), product_type, size, title, family_id (the first product's id;
        None for a product without variants).
    """
    brands = name_brands(products)
    rows = []
    for row in products.iter_rows(named=True):
        brand, kind = _brand_of(row, brands), tidy_type(row["product_type"], row["product_category"])
        is_loose = brand is None and row["department"] == "PRODUCE"  # the size is then that of the retailer's crate
        size = None if is_loose else tidy_size(row["package_size"])
        title = " ".join(part for part in (brand, kind, size) if part and (part is not size or part not in kind))
        rows.append((row["product_id"], brand, kind, size, title))
    schema = {
        "product_id": pl.Int64,
        "brand": pl.String,
        "product_type": pl.String,
        "size": pl.String,
        "title": pl.String,
    }
    described = pl.DataFrame(rows, schema=schema, orient="row")
    number = pl.int_range(1, pl.len() + 1).over("title")
    family = ("brand", "product_type")
    return described.with_columns(
        title=pl.when(pl.len().over("title") > 1).then(pl.format("{}, No. {}", "title", number)).otherwise("title"),
        family_id=pl.when(pl.len().over(family) > 1).then(pl.col("product_id").first().over(family)),
    )


def _brand_of(row: Mapping[str, object], brands: Mapping[int, str]) -> str | None:
    """Own brand for the retailer's private label, none for loose goods, otherwise the manufacturer's."""
    if row["brand"] == "Private":
        return f"{OWN_BRAND} {BRAND_ENDINGS[str(row['category'])][0]}"
    manufacturer = int(str(row["manufacturer_id"]))
    return None if manufacturer == UNBRANDED_MANUFACTURER else brands[manufacturer]
