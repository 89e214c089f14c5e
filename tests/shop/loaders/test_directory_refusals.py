"""Folders that are no shop: each fault is named with file, column and row."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shop.loaders.directory import build_directory_shop
from shop.loaders.validation import InvalidShopError
from tests.shop.loaders.shop_files import FILES, write_shop_files


def ignore(_line: str) -> None:
    pass


def build(folder: Path) -> dict[str, pl.DataFrame]:
    return {batch.table: batch.frame for batch in build_directory_shop(folder, ignore)}


BROKEN: dict[str, tuple[Any, ...]] = {
    "unknown user": (
        {"orders": "order_id,user_id,ordered_at\n100,1,2026-01-05\n101,9,2026-01-06\n"},
        r"orders\.csv, column 'user_id', row 2 \(line 3 of the file\): '9' is not in users",
    ),
    "unknown product": (
        {"order_items": "order_id,product_id\n100,10\n100,77\n"},
        r"order_items\.csv, column 'product_id', row 2 .*'77' is not in products",
    ),
    "text as id": (
        {"users": "user_id\nabc\n"},
        r"users\.csv, column 'user_id', row 1 .*'abc' is not a whole number",
    ),
    "id twice": ({"users": "user_id\n1\n2\n1\n"}, r"users\.csv, column 'user_id', row 3 .*1 stands there twice"),
    "id missing": ({"users": "user_id,nickname\n1,a\n,b\n"}, r"users\.csv, column 'user_id', row 2 .*is missing"),
    "no date": (
        {"orders": "order_id,user_id,ordered_at\n100,1,yesterday\n"},
        r"orders\.csv, column 'ordered_at', row 1 .*'yesterday' is not a date",
    ),
    "column missing": ({"orders": "order_id,user_id\n100,1\n"}, r"orders\.csv: column 'ordered_at' is missing"),
    "quantity of none": (
        {"order_items": "order_id,product_id,quantity\n100,10,0\n"},
        r"order_items\.csv, column 'quantity', row 1 .*'0' is not a number of pieces other than 0",
    ),
    "negative price": (
        {"products": "product_id,price\n10,1\n11,-2\n12,3\n"},
        r"products\.csv, column 'price', row 2 .*'-2' is below 0",
    ),
    "unknown status": (
        {"orders": "order_id,user_id,ordered_at,status\n100,1,2026-01-05,lost\n"},
        r"orders\.csv, column 'status', row 1 .*'lost' is none of placed",
    ),
    "title too long": (
        {"products": f"product_id,title\n10,{'x' * 501}\n11,a\n12,b\n"},
        r"products\.csv, column 'title', row 1 .* is longer than 500",
    ),
    "table missing": ({"orders": None}, r"lacks orders\.parquet or orders\.csv"),
    "empty file": ({"orders": ""}, r"orders\.csv is empty"),
    "ragged lines": ({"orders": "order_id,user_id,ordered_at\n1,1,2026-01-01,9,9\n"}, r"orders\.csv, line 2: 5 val"),
    "text with its own quotation marks": (
        {"products": 'product_id,title,price\n10,"Pipe 3/4" steel",4\n11,"Pipe 1/2" steel",3\n'},
        r"products\.csv, line 2: ",
    ),
    "a line further down than its row": (
        {"orders": 'order_id,user_id,ordered_at,note\n\n100,1,2026-01-05,"a\nb"\n101,9,2026-01-06,\n'},
        r"orders\.csv, column 'user_id', row 2 \(line 5 of the file\): '9' is not in users",
    ),
    "a total beyond an amount": (
        {"order_items": "order_id,product_id,quantity,unit_price\n100,10,1,1\n101,11,500,50000000\n101,10,1,4.50\n"},
        r"orders\.csv: the items of order 101 come to 25,000,000,004\.50, more than",
    ),
    "a total beyond 64 bits": (
        {"order_items": "order_id,product_id,quantity,unit_price\n100,10,2147483647,9999999999.99\n"},
        r"orders\.csv: the items of order 100 come to 21,474,836,469,978,525,163\.53, more than",
    ),
}


@pytest.mark.parametrize(("changes", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_wrong_file_is_named_with_column_and_row(
    tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    folder = write_shop_files(tmp_path / "shop", **changes)

    with pytest.raises(InvalidShopError, match=message):
        build(folder)


def test_parquet_rows_are_counted_from_one(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop", users=None)
    pl.DataFrame({"user_id": [1, 2, 2]}).write_parquet(folder / "users.parquet")

    with pytest.raises(InvalidShopError, match=r"users\.parquet, column 'user_id', row 3: 2 stands there twice"):
        build(folder)


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop", users=None)
    (folder / "users.parquet").write_bytes(b"PAR1 no more")

    with pytest.raises(InvalidShopError, match=r"users\.parquet cannot be read as parquet"):
        build(folder)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop")
    (folder / "users.csv").write_bytes("user_id,nickname\n1,Zoë\n".encode("latin-1"))

    with pytest.raises(InvalidShopError, match=r"users\.csv, line 2: not UTF-8"):
        build(folder)


def test_a_table_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "shop")
    pl.DataFrame({"user_id": [1]}).write_parquet(folder / "users.parquet")

    with pytest.raises(InvalidShopError, match="keep one of them"):
        build(folder)


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidShopError, match="is no folder"):
        build(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,percent,101,2026-01-01,2026-02-01", "more than 100 percent"),
        ("1,amount,5,2026-02-01,2026-02-01", "not after"),
    ],
)
def test_impossible_coupons_are_refused(tmp_path: Path, line: str, message: str) -> None:
    folder = write_shop_files(tmp_path / "shop")
    header = "coupon_id,discount_type,discount_value,valid_from,valid_until"
    (folder / "coupons.csv").write_text(f"{header}\n{line}\n")

    with pytest.raises(InvalidShopError, match=rf"coupons\.csv.*row 1.*{message}"):
        build(folder)


def test_the_files_of_this_test_are_all_used() -> None:
    assert set(BROKEN["unknown user"][0]) <= {name.removesuffix(".csv") for name in FILES}
