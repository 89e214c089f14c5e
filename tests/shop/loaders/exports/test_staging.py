"""Files as tables: what is read, which rows are set aside with their lines, and what forbids a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from shop.database import open_engine
from shop.loaders.exports.staging import FileReport, stage_files
from shop.mapping.files import FileTable

SALES = FileTable.model_validate(
    {
        "file": "sales*.csv",
        "columns": {
            "item": "Item",
            "price": {"header": "Price", "kind": "number"},
            "note": {"header": "Note", "optional": True},
        },
    }
)
GOOD = "".join(f"good {number},1.50\n" for number in range(40))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def stage(connection: Connection, folder: Path, text: str, encoding: str = "utf-8") -> FileReport:
    (folder / "sales.csv").write_text(text, encoding=encoding, newline="")
    [report] = stage_files(connection, folder, "sales", SALES)
    return report


def read(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT item, price, note, line FROM sales")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_it_is_read_as_it_is_written(tmp_path: Path, connection: Connection, encoding: str, separator: str) -> None:
    report = stage(connection, tmp_path, "Price,Item,Other\n2.5,홍차,x\n".replace(",", separator), encoding)

    assert report.faults == []
    assert read(connection) == [("홍차", 2.5, None, 2)]


def test_all_odd_rows_are_named_by_lines_of_the_file_and_the_rest_is_read(
    tmp_path: Path, connection: Connection
) -> None:
    report = stage(connection, tmp_path, 'Item,Price\n"two\nlines",1\n\nodd,cheap\nshort\n' + GOOD)

    assert report.set_aside == [
        "sales.csv, line 5: column 'Price': 'cheap' is not a number such as 12.50, below 10,000,000,000",
        "sales.csv, line 6: 1 values, but the first line names 2 columns",
    ]
    assert report.faults == []
    assert report.num_rows == 41
    assert read(connection)[:2] == [("two\nlines", 1.0, None, 2), ("good 0", 1.5, None, 7)]


def test_a_file_of_odd_rows_is_refused(tmp_path: Path, connection: Connection) -> None:
    report = stage(connection, tmp_path, "Item,Price\n" + "a,b\n" * 5 + GOOD)

    assert len(report.faults) == 1
    assert "sales.csv: 5 of 45 rows cannot be read, more than odd ones: sales.csv, line 2" in report.faults[0]


def test_every_broken_quotation_mark_forbids_the_file(tmp_path: Path, connection: Connection) -> None:
    report = stage(connection, tmp_path, 'Item,Price\n"24" wide",3\nfine,1\n"3" thick",4\n"open,5\n')

    assert [fault.partition(":")[0] for fault in report.faults] == [f"sales.csv, line {line}" for line in (2, 4, 5)]


def test_every_missing_column_is_named(tmp_path: Path, connection: Connection) -> None:
    report = stage(connection, tmp_path, "Preis,Artikel\n1,a\n")

    assert report.faults == [
        "sales.csv has no column 'Item'; it has Preis, Artikel",
        "sales.csv has no column 'Price'; it has Preis, Artikel",
    ]


def test_several_files_are_one_table(tmp_path: Path, connection: Connection) -> None:
    for number in (1, 2):
        (tmp_path / f"sales_{number}.csv").write_text(f"Item,Price\nitem {number},1\n")

    reports = stage_files(connection, tmp_path, "sales", SALES)

    assert [report.name for report in reports] == ["sales_1.csv", "sales_2.csv"]
    assert len(read(connection)) == 2


def test_a_folder_without_the_file_is_a_fault(tmp_path: Path, connection: Connection) -> None:
    [report] = stage_files(connection, tmp_path, "sales", SALES)

    assert "has no file sales*.csv" in report.faults[0]


def test_a_stated_encoding_that_is_not_the_files_is_a_fault(tmp_path: Path, connection: Connection) -> None:
    (tmp_path / "sales.csv").write_bytes("Item,Price\n차,1\n".encode("cp949"))

    [report] = stage_files(connection, tmp_path, "sales", SALES.model_copy(update={"encoding": "utf-8"}))

    assert "sales.csv is not utf-8" in report.faults[0]
