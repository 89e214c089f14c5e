"""The command, as a person meets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import load_settings
from shop.database import open_engine
from shop.load import main
from shop.loaders.options import make_command
from shop.storefront.document import read_document
from tests.shop.loaders.shop_files import write_shop_files

SMALL = ["synthetic", "--users", "5", "--products", "5", "--orders", "9", "--seed", "3"]


@pytest.fixture(autouse=True)
def shop_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    yield url
    load_settings.cache_clear()


def test_it_says_what_it_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SMALL) == 0

    output = capsys.readouterr().out
    assert "orders: 9 rows" in output
    assert output.splitlines()[-1].startswith("loaded ")


def test_a_second_load_needs_replace(capsys: pytest.CaptureFixture[str]) -> None:
    codes = [main(SMALL), main(SMALL), main([*SMALL, "--replace"])]

    assert codes == [0, 1, 0]
    assert "--replace" in capsys.readouterr().err


def test_a_wrong_file_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_shop_files(tmp_path / "files", users="user_id\nabc\n")

    assert main(["directory", str(folder)]) == 1

    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "users.csv, column 'user_id', row 1" in message


def test_an_unreachable_server_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql+pymysql://nobody:hunter2@127.0.0.1:1/shop")
    load_settings.cache_clear()

    assert main(SMALL) == 1

    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["demo", "--end-date", "soon"],
        ["synthetic", "--users", "0", "--products", "1", "--orders", "1"],
        ["moon"],
        ["demo", "--end-date", "2026-01-01", "--original-dates"],
        ["directory", ".", "--mapping", "shopfy-csv"],
    ],
    ids=" ".join,
)
def test_bad_arguments_end_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    assert stop.value.code == 2
    assert "usage: python -m shop.load" in capsys.readouterr().err


def test_help_names_the_three_sources() -> None:
    text = make_command().format_help()

    assert all(word in text for word in ("demo", "directory", "synthetic"))


def read_written(folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder / 'platform.db'}")
    with engine.connect() as connection:
        document = read_document(connection)
    engine.dispose()
    return document


def test_a_folder_brings_its_storefront_and_the_next_shop_takes_it_away(tmp_path: Path) -> None:
    folder = write_shop_files(tmp_path / "files")
    (folder / "storefront.toml").write_text('name = "Sweet"', encoding="utf-8")

    codes, documents = [], []
    for arguments in (["directory", str(folder)], [*SMALL, "--replace"]):
        codes.append(main(arguments))
        documents.append(read_written(tmp_path))

    assert codes == [0, 0]
    assert documents == ['name = "Sweet"', ""]


@pytest.mark.parametrize(
    ("document", "words"),
    [("nam = 'a'", "nam = 'a': there is no such field"), ("[departments.Nowhere]", "no department 'Nowhere'")],
    ids=["seen before the load", "seen beside the shop"],
)
def test_a_wrong_storefront_loads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: str, words: str
) -> None:
    folder = write_shop_files(tmp_path / "files")
    (folder / "storefront.toml").write_text(document, encoding="utf-8")

    codes = [main(["directory", str(folder)]), main(SMALL)]

    assert codes == [1, 0]  # the second would be refused if the first had left rows
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "nothing loaded: storefront.toml: " in message
    assert words in message
