"""`SHOP=`, as far as it can be seen without any package."""

from pathlib import Path

import pytest

from deploy.interpreter import SetupError
from deploy.shop_choice import read_shop
from shop.loaders.canonical import TABLES
from shop.loaders.options import REQUIRED_FILES


@pytest.mark.parametrize(
    ("shop", "reason"),
    [
        ("dmeo", "invalid choice: 'dmeo'"),
        ("", "arguments are required"),
        ("--help", "it names none"),
        ("synthetic --users 5", "--products, --orders"),
        ("synthetic --users none --products 1 --orders 1", "'none' is no whole number"),
        ("directory /there/is/no/such/folder", "there is no folder"),
        ("directory 'my shop", "No closing quotation"),
        ("directory . --mapping shopfy-csv", "'shopfy-csv' is no file, and none of canonical, "),
        ("directory .", "lacks users.csv, products.csv, orders.csv, order_items.csv (or .parquet)"),
        ("mapping", "the following arguments are required: file"),
        ("mapping no-such.toml", "'no-such.toml' is no file, and none of canonical, "),
    ],
)
def test_a_wrong_shop_is_noticed_before_anything_starts(shop: str, reason: str) -> None:
    with pytest.raises(SetupError) as refused:
        read_shop(shop)

    assert f'SHOP="{shop}" cannot be taken: ' in str(refused.value)
    assert reason in str(refused.value)
    assert "docs/your-shop.md" in str(refused.value)


def test_paths_are_whole_so_that_they_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my shop").mkdir()
    (tmp_path / "own.toml").touch()
    monkeypatch.chdir(tmp_path)

    export, database = read_shop("directory './my shop/' --mapping own.toml"), read_shop("mapping own.toml")

    assert export.loader == ("directory", str(tmp_path / "my shop"), "--mapping", str(tmp_path / "own.toml"))
    assert database.mapping == str(tmp_path / "own.toml")
    monkeypatch.chdir("/")
    assert [read_shop(one.text) for one in (export, database)] == [
        read_shop(f"directory '{tmp_path / 'my shop'}' --mapping {tmp_path / 'own.toml'}"),
        read_shop(f"mapping {tmp_path / 'own.toml'}"),
    ]


def test_a_shop_is_loaded_or_read_through_a_mapping() -> None:
    assert (read_shop("demo").loader, read_shop("demo").mapping) == (("demo",), "")
    assert (read_shop("mapping woocommerce").loader, read_shop("mapping woocommerce").mapping) == ((), "woocommerce")


def test_the_files_that_a_folder_must_have_are_those_of_the_loader() -> None:
    assert [table.name for table in TABLES if table.is_required] == list(REQUIRED_FILES)
