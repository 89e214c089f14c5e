"""`python -m shop.map check`: what it ends with."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from shop.map import main
from tests.support.shopify_export import write_shopify_export


def test_a_shop_that_fits_ends_with_0(tiny_shop: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--database", str(tiny_shop.url)]) == 0
    assert "[orders] 7 rows" in capsys.readouterr().out


def test_a_shop_that_does_not_fit_ends_with_1(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).touch()

    assert main(["check", "--database", sqlite_url]) == 1
    assert "WRONG: [orders] table orders is missing" in capsys.readouterr().out


def test_a_folder_of_exports_that_fits_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shopify_export(tmp_path, num_buyers=20)

    assert main(["check", "shopify-csv", "--files", str(tmp_path)]) == 0

    said = capsys.readouterr().out
    assert "orders_export.csv: UTF-8, commas, " in said
    assert "[users] 20 rows" in said
    assert said.endswith("it can be loaded\n")


def test_a_folder_of_exports_that_does_not_fit_ends_with_1_and_all_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders_export.csv").write_text("Name,Email\n#1,ana@shop.example\n")

    assert main(["check", "shopify-csv", "--files", str(tmp_path)]) == 1

    said = capsys.readouterr().out
    assert "WRONG: orders_export.csv has no column 'Created at'; it has Name, Email" in said
    assert "has no file products*.csv" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["shopify-csv"], "this mapping reads files: name their folder with --files DIR"),
        (["shopify-csv", "--files", "nowhere"], "nowhere is no folder"),
        (["opencart", "--files", "."], "it reads a database"),
    ],
)
def test_files_and_databases_are_told_apart(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "url", "reason"),
    [
        ("[users]", "sqlite:///x.db", "[users] columns: Field required"),
        (None, "oracle://x", "the shop's URL cannot be used"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_line(
    tmp_path: Path, text: str | None, url: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(text or "", encoding="utf-8")
    arguments = ["check", *([str(path)] if text else []), "--database", url]

    assert main(arguments) == 2

    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1
