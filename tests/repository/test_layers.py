"""The import contracts leave no package out; settings and command lines stand below all of them."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
NOT_OURS_TO_LAYER = {"tests", "benchmarks"}
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_OURS_TO_LAYER


def layered(contract: dict[str, list[str]]) -> set[str]:
    """Name the modules of a contract's layers."""
    return {name.strip(" ()") for layer in contract["layers"] for name in layer.replace(":", "|").split("|")}


def test_every_top_package_is_looked_at_and_has_a_layer() -> None:
    top = LINTER["contracts"][0]

    assert set(LINTER["root_packages"]) == PACKAGES
    assert layered(top) == PACKAGES | {"command"}
    assert layered({"layers": top["layers"][-1:]}) == {"command", "settings"}


def test_the_module_at_the_root_imports_nothing_of_ours() -> None:
    nodes = list(ast.walk(ast.parse((ROOT / "command.py").read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}

    assert not {name.partition(".")[0] for name in whole | parts} & (PACKAGES | {"command"})


def test_every_contract_of_a_packages_parts_is_exhaustive() -> None:
    inner = [contract for contract in LINTER["contracts"] if "containers" in contract]

    assert inner
    assert all(contract["exhaustive"] for contract in inner)
