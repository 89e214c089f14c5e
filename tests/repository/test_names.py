"""One name, one meaning: no two public classes of our packages share a name."""

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}


def find_shared_names(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the files of each public class name that more than one of them defines."""
    places = defaultdict(list)
    for path, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def read_packages() -> dict[str, str]:
    """Read the Python files of our packages."""
    paths = [*ROOT.glob("*.py"), *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_no_two_public_classes_share_a_name() -> None:
    sources = read_packages()

    assert {Path(path).parts[0] for path in sources} == PACKAGES | {"command.py"}
    assert find_shared_names(sources) == {}


def test_a_name_of_two_classes_is_found_and_private_ones_may_repeat() -> None:
    sources = {"a.py": "class Batch: ...\nclass _Rows: ...", "b.py": "class Batch: ...", "c.py": "class _Rows: ..."}

    assert find_shared_names(sources) == {"Batch": ["a.py", "b.py"]}
