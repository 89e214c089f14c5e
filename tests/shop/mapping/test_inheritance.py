"""Mappings that extend another: a shop's own file says only what is different."""

from pathlib import Path

import pytest

from shop.mapping.inheritance import MAPPINGS_FOLDER
from shop.mapping.model import MappingError, load_mapping, parse_mapping

READY = sorted(path.stem for path in MAPPINGS_FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", READY)
def test_a_mapping_that_only_extends_a_ready_one_says_the_same(name: str) -> None:
    extended = parse_mapping(f'extends = "{name}"', "shop.toml")

    assert extended == load_mapping(MAPPINGS_FOLDER / f"{name}.toml")


def test_values_are_added_and_a_whole_section_replaces_the_one_below() -> None:
    text = """
    extends = "canonical"
    [orders.columns]
    status = { values = { open = "placed" }, otherwise = "paid" }
    [categories]
    table = "department"
    columns = { category_id = "id", name = "label" }
    """.replace("status = {", 'status = { column = "state",')

    mapping = parse_mapping(text, "shop.toml")

    orders, categories = mapping.sections["orders"], mapping.sections["categories"]
    assert (orders.table, orders.columns["user_id"].column) == ("orders", "user_id")
    assert (orders.columns["status"].column, orders.columns["status"].values) == ("state", {"open": "placed"})
    assert categories.columns.keys() == {"category_id", "name"}


def test_a_source_without_columns_takes_the_place_of_the_one_below() -> None:
    text = 'extends = "canonical"\n[users]\nselect = "SELECT * FROM users WHERE user_id > 7"'

    users = parse_mapping(text, "shop.toml").sections["users"]

    assert users.table is None
    assert users.columns["nickname"].column == "nickname"


def test_a_file_beside_it_can_be_extended_in_turn(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('extends = "opencart"\n[variables]\nprefix = "a_"\nlanguage = 4')
    (tmp_path / "test.toml").write_text('extends = "own.toml"\n[variables]\nprefix = "b_"')

    mapping = load_mapping(tmp_path / "test.toml")

    assert mapping.sections["orders"].table == "b_order"
    assert "language_id = 4" in str(mapping.sections["categories"].select)
    assert mapping.sections["orders"].left_out["orders of other stores"] == "store_id <> 0"


@pytest.mark.parametrize(
    ("base", "fault"),
    [
        ('"wordpress"', "`extends`: 'wordpress' is no TOML file, and none of canonical, "),
        ("7", "`extends`: 7 is no TOML file, and none of canonical, "),
        ('"missing.toml"', "`extends`: .*missing.toml cannot be read .No such file or directory."),
        ('"broken.toml"', "`extends`: .*broken.toml is no TOML: "),
        ('"shop.toml"', "`extends`: .*shop.toml extends itself"),
    ],
)
def test_what_cannot_be_extended_is_named(tmp_path: Path, base: str, fault: str) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(f"extends = {base}")
    (tmp_path / "broken.toml").write_text("[users")

    with pytest.raises(MappingError, match=fault):
        load_mapping(path)
