"""Mapping files: the canonical one, and what is said of wrong ones, all of it at once."""

from pathlib import Path

import pytest

from shop.mapping.canonical import CANONICAL_TABLES
from shop.mapping.inheritance import MAPPINGS_FOLDER
from shop.mapping.model import MappingError, load_mapping, parse_mapping

SMALLEST = """
[users]
table = "customer"
columns = { user_id = "id" }
[categories]
table = "department"
columns = { category_id = "id", name = "label" }
[products]
table = "item"
columns = { product_id = "id", category_id = "department_id", title = "label", price = "price" }
[orders]
table = "receipt"
columns = { order_id = "id", user_id = "customer_id", ordered_at = "sold_at" }
[order_items]
table = "line"
columns = { order_item_id = "id", order_id = "receipt_id", product_id = "item_id", unit_price = "price" }
"""


def find_faults(text: str) -> list[str]:
    with pytest.raises(MappingError) as raised:
        parse_mapping(text, "shop.toml")
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    assert "shop.toml" in str(raised.value)
    return raised.value.faults


def test_the_canonical_mapping_names_every_field_of_every_table() -> None:
    mapping = load_mapping()

    for table in CANONICAL_TABLES:
        section = mapping.sections[table.name]
        assert section.table == table.name
        assert {name: column.column for name, column in section.columns.items()} == {
            field.name: field.name for field in table.columns
        }


@pytest.mark.parametrize("path", sorted(MAPPINGS_FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_mappings_that_come_along_can_be_read(path: Path) -> None:
    assert load_mapping(path).sections


def test_a_mapping_may_lack_all_that_something_stands_in_for() -> None:
    mapping = parse_mapping(SMALLEST, "shop.toml")

    assert mapping.section("coupons") is None
    assert not mapping.sections["users"].has_changes


def test_common_settings_and_variables_reach_every_section() -> None:
    text = 'time_zone = "Asia/Seoul"\nmoney = "cents"\nvariables = { p = "wp_" }\n' + SMALLEST
    text = text.replace('"customer"', '"{p}users"').replace('table = "line"', 'table = "line"\nmoney = "decimals"')

    mapping = parse_mapping(text, "shop.toml")

    assert mapping.sections["users"].table == "wp_users"
    assert mapping.sections["users"].time_zone == "Asia/Seoul"
    assert (mapping.sections["orders"].money, mapping.sections["order_items"].money) == ("cents", "decimals")


def test_ids_of_text_are_told_by_section_and_reach_what_names_them() -> None:
    mapping = parse_mapping(SMALLEST.replace("[products]", '[products]\nids = "text"'), "shop.toml")

    texts = {table.name: mapping.find_text_ids(table) for table in CANONICAL_TABLES}
    assert texts["products"] == {"product_id": "products", "family_id": "products"}
    assert texts["order_items"] == {"product_id": "products"}
    assert texts["orders"] == texts["users"] == {}
    assert mapping.has_text_ids
    assert not parse_mapping(SMALLEST, "shop.toml").has_text_ids


def test_ids_of_text_for_all_sections_and_a_key_of_two_columns() -> None:
    two = SMALLEST.replace('order_item_id = "id"', 'order_item_id = ["receipt_id", "line"]')

    mapping = parse_mapping('ids = "text"\n' + two, "shop.toml")

    orders = next(table for table in CANONICAL_TABLES if table.name == "orders")
    assert mapping.find_text_ids(orders) == {"order_id": "orders", "user_id": "users"}
    assert mapping.sections["order_items"].columns["order_item_id"].names == ("receipt_id", "line")


def test_files_number_ids_of_text_themselves() -> None:
    text = 'extends = "single-file"\nids = "text"\n'

    with pytest.raises(MappingError, match=r"text_id\('products', sku\)"):
        parse_mapping(text, "shop.toml")


def test_variables_may_use_one_another() -> None:
    text = 'variables = { people = "(SELECT * FROM {p}users)", p = "{q}x_", q = "wp_" }\n' + SMALLEST
    text = text.replace('table = "customer"', 'select = "SELECT u.* FROM {people} AS u"')

    assert (
        parse_mapping(text, "shop.toml").sections["users"].select == "SELECT u.* FROM (SELECT * FROM wp_x_users) AS u"
    )

    faults = find_faults(text.replace('q = "wp_"', 'q = "{p}"').replace("* FROM {p}users", "{nothing}"))

    assert "[variables] people uses {nothing}, which is not there, or uses it in turn" in faults
    assert [fault.partition(" uses ")[0] for fault in faults] == [
        f"[variables] {name}" for name in ("p", "people", "q")
    ]


def test_all_faults_are_named_at_once_by_section_and_column() -> None:
    text = """
    [users]
    table = "customer"
    columns = { user_id = { value = 1 }, nickname = { column = "n", defualt = "?" }, email = "mail" }
    [products]
    table = "item"
    select = "SELECT 1"
    columns = { product_id = "id" }
    [orders]
    select = "DELETE FROM orders; SELECT 1"
    columns = { order_id = "id", user_id = "c", ordered_at = "d" }
    [order_items]
    table = "{prefix}line"
    time_zone = "Mars/Olympus"
    columns = { order_item_id = "id", order_id = "o", product_id = "p", unit_price = "u" }
    [customers]
    table = "c"
    """

    faults = find_faults(text)

    assert [fault.partition(":")[0] for fault in faults] == [
        "[categories] is missing",
        "[customers] is none of categories, users, products, product_categories, product_images, coupons, orders, "
        "order_items, user_coupons, product_reviews, events, shopper_choices",
        "[order_items] time_zone",
        "[order_items] uses {prefix}, which [variables] does not have",
        "[orders] `select` must be one SELECT statement, without a semicolon",
        "[products] category_id",
        "[products] give a table, or a select",
        "[products] price",
        "[products] title",
        "[users] email",
        "[users] nickname.defualt",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('user_id = "id"', 'user_id = { value = 7 }', "[users] user_id: is the key, and must be a column as it is"),
        ('name = "label"', 'name = { value = 7 }', "[categories] name: 7 is no text"),
        ('price = "price" }\n[orders]', 'price = "p", is_visible = { column = "s", values = { a = "b" } } }\n[orders]',
         "[products] is_visible: 'b' is no flag"),
        ('ordered_at = "sold_at"', 'ordered_at = { column = "sold_at", money = "cents" }',
         "[orders] ordered_at: is no money, and has no unit"),
        ('name = "label"', 'name = { column = "label", time_zone = "UTC" }',
         "[categories] name: is no date, and has no time zone"),
        ('user_id = "customer_id"', 'user_id = { column = "customer_id", rounded = true }',
         "[orders] user_id: is no number of pieces, and is not rounded"),
        ('name = "label"', 'name = { default = "?" }',
         "[categories] name: give a column, several as a list, or one value for all rows"),
        ('name = "label"', 'name = { column = "l", otherwise = "?" }',
         "[categories] name: `otherwise` goes with `values`"),
        ('user_id = "id"', 'user_id = { column = "id", blanks = [0] }',
         "[users] user_id: is the key, and must be a column as it is"),
        ('name = "label"', 'name = { column = "label", blanks = [0] }', "[categories] name: 0 is no text"),
        ('name = "label"', 'name = { value = "a", blanks = ["b"] }',
         "[categories] name: `blanks` goes with a column, and without `values`"),
        ('table = "line"', 'table = "line; DROP TABLE x"', "[order_items] table: String should match pattern"),
        ('ordered_at = "sold_at"', 'ordered_at = { column = "sold_at", default = "soon" }',
         "[orders] ordered_at: 'soon' is no instant"),
        ("[users]", 'time_zone = "Mars"\n[users]', "[users] time_zone: 'Mars' is no time zone"),
        ("[users]", 'ids = "uuid"\n[users]', "[users] ids: Input should be 'numbers' or 'text'"),
        ('order_item_id = "id"', 'order_item_id = ["order_id", "line"]',
         '[order_items] order_item_id: several columns make an id of text: write ids = "text" in [order_items]'),
        ('name = "label"', 'name = ["label", "code"]',
         "[categories] name: several columns make an id of text, which this is not"),
        ('user_id = "customer_id"', 'user_id = { column = "customer_id", blanks = [""] }',
         "[orders] user_id: '' is no integer"),
    ],
)  # fmt: skip
def test_a_fault_is_named(old: str, new: str, fault: str) -> None:
    assert old in SMALLEST

    faults = find_faults(SMALLEST.replace(old, new))

    assert any(one.startswith(fault) for one in faults), faults


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"[users", "it is no TOML"), (b"\xff\xfe", "it is not UTF-8"), (None, "it cannot be read")],
    ids=["no TOML", "UTF-16", "no file"],
)
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "shop.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(MappingError, match=f"{path}.*{fault}"):
        load_mapping(path)
