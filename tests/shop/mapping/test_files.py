"""The part of a mapping that speaks of files, and its faults."""

import pytest

from shop.mapping.model import MappingError, load_mapping, parse_mapping

PEOPLE = '[users]\ntable = "{table}"\ncolumns = {{ user_id = "id" }}'
HEAD = 'extends = "single-file"\n'


def test_what_all_files_have_in_common_may_be_overruled() -> None:
    common = 'time_zone = "Asia/Seoul"\n[format]\ndecimal = ","\n'
    text = HEAD + common + '[files.more]\nfile = "m.csv"\ndecimal = "."\ncolumns = {}\n'

    mapping = parse_mapping(text, "own.toml")

    assert {name: (file.decimal, file.time_zone) for name, file in mapping.files.items()} == {
        "purchases": (",", "Asia/Seoul"),
        "more": (".", "Asia/Seoul"),
    }
    assert mapping.sections["orders"].time_zone == "UTC"  # what the sections read is in UTC already


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[files.purchases]\ndecimal = ";"', r"\[files.purchases\] decimal: "),
        ('[files.purchases]\nthousands = "."', "cannot be the same"),
        ('[files.purchases]\ntime_zone = "Berlin"', "no time zone"),
        ('[files.purchases]\nfile = "../x.csv"', r"\[files.purchases\] file: "),
        ('[files.purchases.columns]\nline = "Line"', "name the column otherwise"),
        ('[files."Lower Case"]\nfile = "x.csv"', "small letters, digits and underscores"),
        ("[files]\nmore = 1", r"\[files.more\] must be a section"),
        (PEOPLE.format(table="people"), r"\[users\] table people is none of \[files\]: purchases"),
        (PEOPLE.format(table="purchases"), r"\[users\] user_id: \[files.purchases\] has no column id"),
    ],
)
def test_a_fault_names_its_section(text: str, fault: str) -> None:
    with pytest.raises(MappingError, match=fault):
        parse_mapping(HEAD + text, "own.toml")


@pytest.mark.parametrize("name", ["shopify-csv", "woocommerce-csv", "single-file"])
def test_a_ready_mapping_is_found_by_its_name(name: str) -> None:
    assert load_mapping(name).files
