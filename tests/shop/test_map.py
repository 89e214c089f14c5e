"""`python -m shop.map check`: what it ends with."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from shop.map import main


def test_a_shop_that_fits_ends_with_0(tiny_shop: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--database", str(tiny_shop.url)]) == 0
    assert "[orders] 7 rows" in capsys.readouterr().out


def test_a_shop_that_does_not_fit_ends_with_1(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).touch()

    assert main(["check", "--database", sqlite_url]) == 1
    assert "WRONG: [orders] table orders is missing" in capsys.readouterr().out


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
