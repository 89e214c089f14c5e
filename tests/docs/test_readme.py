"""The README tells the truth: links lead somewhere, commands exist, and both languages say the same."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if not set(path.relative_to(ROOT).parts) & {"node_modules", "var"}
)
README, KOREAN = ROOT / "README.md", ROOT / "README.ko.md"
METHODS = {
    "wide_deep": "Wide & Deep (ours)",
    "lightgbm": "LightGBM",
    "own_and_ease": "own purchases, then EASE",
    "ease": "EASE",
    "global_popularity": "popularity",
}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"\bmake ([a-z-]+)")
MODULE = re.compile(r"python -m ([a-z_.]+)")
NOT_IN_THE_LOCK = {"mutmut"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code_of(page: Path) -> str:
    """Everything of a page that is set as code."""
    text = page.read_text(encoding="utf-8")
    return "\n".join([*CODE_BLOCK.findall(text), *INLINE_CODE.findall(CODE_BLOCK.sub("", text))])


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def headings(page: Path) -> list[str]:
    """The levels of a page's headings, outside of code."""
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^(#+) ", text, re.MULTILINE)


def shape(page: Path) -> list[str]:
    """The kind of each line that structures a page: heading, table row, list item."""
    text = CODE_BLOCK.sub("```", page.read_text(encoding="utf-8"))
    kinds = [re.match(r"#+ |\||- |```|!\[", line) for line in text.splitlines()]
    return [kind[0] for kind in kinds if kind]


@each_page
def test_links_lead_to_files_that_exist(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]

    for target in targets:
        assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


@each_page
def test_make_commands_exist(page: Path) -> None:
    assert set(MAKE.findall(code_of(page))) <= make_targets()


@each_page
def test_modules_that_are_run_exist(page: Path) -> None:
    for module in set(MODULE.findall(code_of(page))) - NOT_IN_THE_LOCK:
        path = ROOT / module.replace(".", "/")
        is_ours = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
        assert is_ours or ("." not in module and find_spec(module)), f"{page.name} runs {module}"


def test_the_files_to_read_first_are_six_and_have_one_line_each() -> None:
    section = README.read_text(encoding="utf-8").split("## Read these files first")[1].split("## ")[0]

    assert len(re.findall(r"^\| \[", section, re.MULTILINE)) == 6


def test_every_file_to_read_first_explains_itself() -> None:
    section = README.read_text(encoding="utf-8").split("## Read these files first")[1].split("## ")[0]

    for name in LINK.findall(section):
        assert ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))), name


def test_both_languages_have_the_same_headings_rows_and_items() -> None:
    assert headings(KOREAN) == headings(README)
    assert shape(KOREAN) == shape(README)


def test_both_languages_have_the_same_code_blocks() -> None:
    assert CODE_BLOCK.findall(KOREAN.read_text(encoding="utf-8")) == CODE_BLOCK.findall(README.read_text("utf-8"))


def test_both_languages_name_the_same_code() -> None:
    english, korean = (sorted(set(INLINE_CODE.findall(page.read_text(encoding="utf-8")))) for page in (README, KOREAN))

    assert korean == english


def test_both_languages_link_to_the_same_places() -> None:
    english, korean = (LINK.findall(page.read_text(encoding="utf-8")) for page in (README, KOREAN))

    assert (english[0], korean[0]) == ("README.ko.md", "README.md")
    assert korean[1:] == english[1:]


def test_messages_that_the_readme_quotes_are_those_that_the_code_says() -> None:
    sources = [*ROOT.glob("deploy/**/*.py"), ROOT / "docker-compose.yml"]
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in sources))
    said = re.sub(r"\{name\.upper\(\)\}", "API_PORT", said).replace("{port}", "8000")

    troubles = README.read_text(encoding="utf-8").split("## When something goes wrong")[1].split("\n## ")[0]
    for quote in re.findall(r'\*\*[^*"]*"([^"]+)"', troubles):
        assert quote.removesuffix(" ...") in said, quote


def test_the_ranking_figures_are_those_of_the_quality_page() -> None:
    results = README.read_text(encoding="utf-8").split("## Results")[1].split("\n## ")[0]
    cut = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8").split("## 2017-10-15")[1]
    everything, discovery = cut.split("| discovery |")[0], cut.split("| discovery |")[1].split("| ours less |")[0]

    for method, title in METHODS.items():
        first, second = (
            re.search(rf"^\| {method} \| ([\d.]+) \| ([\d.]+)", part, re.MULTILINE) for part in (everything, discovery)
        )
        assert f"| {title} | {first[1]} | {first[2]} | {second[1]} |" in results


def test_the_figures_of_speed_are_those_of_the_pages_that_say_how() -> None:
    results = README.read_text(encoding="utf-8").split("**Speed**")[1].split("\n## ")[0]
    measured = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("how-it-works/api.md", "reviewing.md")
    )

    figures = re.findall(r"\d+,\d{3}\b|\d+(?:\.\d+)? m?s\b", results)
    assert len(figures) >= 10
    assert [figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}", measured)] == []


def test_both_languages_give_the_same_figures() -> None:
    english, korean = (page.read_text(encoding="utf-8") for page in (README, KOREAN))
    sections = english.split("## Results")[1].split("\n## ")[0], korean.split("## 결과")[1].split("\n## ")[0]

    first, second = (sorted(re.findall(r"\d+(?:[.,]\d+)*", section)) for section in sections)

    assert second == first
