from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from settings import load_settings
from shop.storefront.__main__ import main


@pytest.fixture(autouse=True)
def shop_url(tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHOP_DATABASE_URL", str(tiny_shop.url))
    monkeypatch.setenv("PLATFORM_DATABASE_URL", str(tiny_shop.url))
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def write_file(folder: Path, document: str) -> str:
    path = folder / "storefront.toml"
    path.write_text(document, encoding="utf-8")
    return str(path)


def test_a_file_is_written_shown_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_file(tmp_path, 'name = "달콤"')

    codes = [main(["write", file]), main(["show"]), main(["remove"]), main(["show"])]

    lines = capsys.readouterr().out.splitlines()
    assert codes == [0, 0, 0, 0]
    assert lines[0] == f"the storefront follows {file}"
    assert lines[1] == 'name = "달콤"'
    assert lines[3].startswith("nothing was written")


def test_a_wrong_file_changes_nothing_and_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["write", write_file(tmp_path, 'name = "Before"')])

    code = main(["write", write_file(tmp_path, "[colours]\nprimary = '#ffcc00'")])

    error = capsys.readouterr().err
    assert code == 1
    assert error.startswith(
        "the storefront stays as it is: colours.primary = '#ffcc00': its contrast with the pages is 1.5"
    )
    assert error.count("\n") == 1
    main(["show"])
    assert "Before" in capsys.readouterr().out


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", str(tmp_path / "none.toml")]) == 1

    assert "none.toml cannot be read" in capsys.readouterr().err
