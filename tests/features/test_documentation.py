from features.definitions import CROSSES, EVIDENCE, FEATURES
from features.documentation import TARGET, render


def test_the_page_is_what_the_definitions_say_today() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "definitions.py changed: run `make docs`"


def test_every_feature_cross_and_kind_of_evidence_has_one_row() -> None:
    rows = [line.split("`")[1] for line in render().splitlines() if line.startswith("| `")]

    assert rows == [*[one.name for one in FEATURES], *[one.name for one in CROSSES], *[one.name for one in EVIDENCE]]
