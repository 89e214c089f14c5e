"""docs/how-it-works/sync.md promises a test for each pitfall: they exist, by name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-it-works" / "sync.md").read_text()
TESTS = {path.name: path.read_text() for path in (ROOT / "tests" / "features").rglob("test_*.py")}


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(?:source/)?(test_\w+\.py)?(?:::)?(test_\w+)?`", PAGE)
    assert len(named) > 30

    for file, name in named:
        places = [TESTS[file]] if file else list(TESTS.values())
        assert any(f"def {name}(" in text for text in places) or not name, f"no {name} in {file or 'tests/features'}"


def test_every_pitfall_has_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and line.count("|") == 4]
    with_a_test = [row for row in rows if re.search(r"`(?:[\w./]+::)?test_\w+`", row)]

    assert len(with_a_test) >= 28
    assert [row for row in rows if row not in with_a_test] == [
        "| pitfall | what happens here | test |",
        "|---|---|---|",
    ]
