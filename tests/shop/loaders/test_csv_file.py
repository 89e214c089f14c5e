"""CSV as it is written by hand, by databases and by spreadsheets: read exactly, or refused with the line."""

from pathlib import Path

import pytest

from shop.loaders.csv_file import read_csv_file
from shop.loaders.validation import InvalidShopError


def write(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "products.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


REFUSED = {
    "a quotation mark that is not doubled": (
        'id,title\n1,Cup\n2,"Pipe 3/4" steel"\n3,"Pipe 1/2" steel"\n',
        r"products\.csv, line 3: .* written twice",
    ),
    "a quotation mark without an end": ('id,title\n1,"Cup\n2,Mug\n', r"line 2: .* written twice"),
    "too few values": ("id,title\n1,Cup\n2\n", r"line 3: 1 values, but the first line names 2 columns"),
    "too many values": ("id,title\n1,Cup, blue\n", r"line 2: 3 values, .* stands in quotation marks"),
    "semicolons": ("id;title\n1;Cup\n", r"separated by semicolons; save it with commas"),
    "tabs": ("id\ttitle\n1\tCup\n", r"separated by tabs"),
    "Korean without Unicode": ("id,title\n1,Cup\n2,컵\n".encode("cp949"), r"line 3: not UTF-8\. In Excel choose"),
    "Western without Unicode": ("id,title\n1,caf\u00e9\n".encode("cp1252"), r"line 2: not UTF-8\. In Excel choose"),
    "nothing": ("", r"is empty: names of columns stand in its first line"),
    "a name twice": ("id,id\n1,2\n", r"two columns named 'id'"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_could_be_read_in_two_ways_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    with pytest.raises(InvalidShopError, match=said):
        read_csv_file(write(tmp_path, content))


READ = {
    "plain": ("id,title\n1,Cup\n2,Mug\n", [("1", "Cup"), ("2", "Mug")], [2, 3]),
    "quoted": ('id,title\n1,"a ""b"", c\nd"\n2,5" pipe\n', [("1", 'a "b", c\nd'), ("2", '5" pipe')], [2, 4]),
    "Windows": ("\ufeffid,title\r\n1,Cup\r\n", [("1", "Cup")], [2]),
    "no end of line": ("id,title\n1,Cup", [("1", "Cup")], [2]),
    "blank lines": ("id,title\n\n1,Cup\n,\n2,Mug\n\n", [("1", "Cup"), ("2", "Mug")], [3, 5]),
    "names alone": ("id,title\n", [], []),
}


@pytest.mark.parametrize(("content", "rows", "lines"), READ.values(), ids=READ.keys())
def test_rows_are_read_with_the_lines_that_they_begin_on(
    tmp_path: Path, content: str, rows: list[tuple[str, str]], lines: list[int]
) -> None:
    frame, numbers = read_csv_file(write(tmp_path, content))

    assert frame.rows() == rows
    assert frame.columns == ["id", "title"]
    assert numbers.to_list() == lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_excels_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    frame, _lines = read_csv_file(write(tmp_path, "id,title\n1,컵 ☕\n", encoding))

    assert frame.rows() == [("1", "컵 ☕")]


def test_many_rows_come_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.loaders.csv_file.ROWS_AT_ONCE", 7)

    frame, lines = read_csv_file(write(tmp_path, "id\n" + "".join(f"{number}\n" for number in range(100))))

    assert frame["id"].to_list() == [str(number) for number in range(100)]
    assert lines.to_list() == list(range(2, 102))


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    frame, _lines = read_csv_file(write(tmp_path, "id,title\n1," + "x" * 200_000 + "\n"))

    assert len(frame["title"][0]) == 200_000
