"""What a mapping makes of files: rules of the canonical tables, rows that break them, rows that are left out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shop.loaders.exports.check import describe_export
from shop.loaders.exports.read import Export, build_export_shop, read_export
from shop.loaders.text_ids import TextIds
from shop.loaders.validation import InvalidShopError
from shop.mapping.model import load_mapping, parse_mapping

SALES = """user,item,time,price,quantity
ana,007,2026-01-05 10:00,4.50,2
ana,7,2026-01-05 10:00,3,1
bo,007,2026-02-01T09:30:00+09:00,5,
,007,2026-02-02,5,1
bo,7,2150-01-01,3,1
bo,7,2026-02-03,3,-1
bo,007,2026-02-04,5,0
"""


def write_sales(folder: Path, text: str = SALES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sales.csv").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, ids: TextIds | None = None) -> Export:
    return read_export(folder, load_mapping("single-file"), ids or TextIds(), decimals=2)


def test_one_file_is_a_shop(tmp_path: Path) -> None:
    export = read(write_sales(tmp_path))

    tables = {name: table.frame for name, table in export.tables.items()}
    assert export.faults == []
    assert dict(tables["products"].select("title", "price").rows()) == {"007": 5, "7": 3}
    assert sorted(tables["orders"]["ordered_at"]) == [
        datetime(2026, 1, 5, 10, tzinfo=UTC),
        datetime(2026, 2, 1, 0, 30, tzinfo=UTC),
        datetime(2026, 2, 3, tzinfo=UTC),
        datetime(2026, 2, 4, tzinfo=UTC),
    ]
    assert sorted(tables["order_items"]["quantity"]) == [-1, 1, 1, 2]


def test_nobodys_lines_nothing_and_days_to_come_are_left_out_and_counted(tmp_path: Path) -> None:
    tables = read(write_sales(tmp_path)).tables

    assert tables["orders"].left_out == {"orders of nobody": 1, "orders of days to come": 1}
    assert tables["order_items"].left_out == {"lines of nobody": 1, "lines of days to come": 1, "lines of nothing": 1}
    assert [reason for table in tables.values() for reason in table.set_aside] == []


def test_a_row_that_breaks_a_rule_is_named_by_its_own_id_and_stops_nothing(tmp_path: Path) -> None:
    rows = "".join(f"ana,thing {number},2026-01-05,1,1\n" for number in range(30))
    text = f"user,item,time,price,quantity\n{rows}ana,{'x' * 501},2026-01-06,1,1\nbo,cheap,2026-01-07,-4,1\n"

    export = read(write_sales(tmp_path, text))

    assert export.faults == []
    assert len(export.tables["products"].frame) == 30
    assert len(export.tables["order_items"].frame) == 30
    reasons = export.tables["products"].set_aside
    assert [reason[:16] for reason in reasons] == ["products 'cheap'", "products 'xxxxxx"]
    assert reasons[0].endswith("price: '-4.0' is below 0")


def test_the_report_names_every_row_and_every_fault(tmp_path: Path) -> None:
    mapping = load_mapping("single-file")
    rows = "".join(f"ana,thing {number},2026-01-05,1,1\n" for number in range(200))
    export = read(write_sales(tmp_path, f"user,item,time,price,quantity\n{rows}" + "bo,x,soon,1,1\n" * 12))

    shown = describe_export(export, mapping)

    assert shown.count("column 'time': 'soon' is not a date") == 12
    assert "line 213: " in shown
    assert shown.endswith("it can be loaded")


def test_a_fault_of_a_file_stops_the_load_with_all_of_them(tmp_path: Path) -> None:
    folder = write_sales(tmp_path, "who,what,time\n")

    with pytest.raises(InvalidShopError, match=r"no column 'user'.*no column 'item'"):
        list(build_export_shop(folder, load_mapping("single-file"), TextIds(), print, decimals=2))


def test_a_mistake_in_the_sql_is_a_fault_of_its_section(tmp_path: Path) -> None:
    text = (
        'extends = "single-file"\n[users]\nselect = "SELECT nobody FROM purchases"\ncolumns = { user_id = "nobody" }\n'
    )

    export = read_export(write_sales(tmp_path), parse_mapping(text, "own.toml"), TextIds(), decimals=2)

    assert len(export.faults) >= 1
    assert export.faults[0].startswith("[users] select: ")


def test_a_section_may_be_a_file_as_it_is(tmp_path: Path) -> None:
    many = "".join(f"{number},N\n" for number in range(100, 200))
    (tmp_path / "people.csv").write_text("Number,Name\n9007199254740993,Ana\n5,\n5,Bo\nx,Odd\n" + many)
    text = """
extends = "single-file"
[files.people]
file = "people.csv"
columns = { number = { header = "Number", kind = "integer" }, name = "Name" }
[files.purchases]
file = "sales.csv"
[users]
table = "people"
columns = { user_id = "number", nickname = { column = "name", default = "?" } }
"""
    mapping = parse_mapping(text, "own.toml")

    users = read_export(write_sales(tmp_path), mapping, TextIds(), decimals=2).tables["users"]

    assert users.frame.head(2).rows() == [(9007199254740993, "Ana"), (5, "?")]
    assert users.set_aside == ["users 5: user_id stands there twice"]


def test_a_mapping_of_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidShopError, match="it reads a database"):
        read_export(tmp_path, load_mapping("opencart"), TextIds(), decimals=2)
