"""docs/guarantees.md names tests and benchmarks: each exists, and each promise and pitfall has one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| (?!promise|pitfall)", line)]


@cache
def names_in(file: str) -> set[str]:
    nodes = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "name"), TESTS, ids=[f"{file}::{name}" for file, name in TESTS])
def test_a_named_test_exists(file: str, name: str) -> None:
    assert name in names_in(file)


def test_named_benchmarks_exist() -> None:
    named = set(re.findall(r"`(benchmarks/\w+\.py)`", PAGE))

    assert named
    assert [file for file in named if not (ROOT / file).exists()] == []


def test_each_promise_and_pitfall_names_a_test() -> None:
    assert len(ROWS) > 30
    assert [row for row in ROWS if not re.search(r"`tests/[\w/]+\.py::\w+`", row)] == []


def test_the_promises_are_nine() -> None:
    assert re.findall(r"^\| \*\*(\d)\. ", PAGE, re.MULTILINE) == [str(number) for number in range(1, 10)]
