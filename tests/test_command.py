"""Command lines: how they parse, what they write to which stream, and the exit codes that they end with."""

import argparse
import ast
import json
import logging
import re
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command import (
    Command,
    CommandError,
    Result,
    log_to_stderr,
    parse_days,
    parse_hours,
    parse_instant,
    write_made_file,
)

ROOT = Path(__file__).parents[1]
NOT_OURS_TO_FRAME = {"deploy/local/bootstrap.py", "deploy/torch_build.py"}  # run where command.py is not, or may not be
WRAPPERS = {"dags/wiring/guard.py", "deploy/local/supervision/supervisord.py"}  # run another program in their place
PACKAGES = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"})
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
STARTED = sorted(path for path, source in SOURCES.items() if "__main__" in source)


def end_with(result: Result | Exception | type[BaseException]) -> Callable[[argparse.Namespace], Result]:
    """Make the work of a command that ends like this."""

    def work(_options: argparse.Namespace) -> Result:
        if isinstance(result, Result):
            return result
        raise result

    return work


@pytest.fixture
def command() -> Command:
    return Command("shop.count", "Count a shop.\n\nWhatever it sells.", has_json=True)


def test_words_go_to_stdout(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code = command.run(end_with(Result("3 shops", {"shops": 3})), [])

    assert (code, *capsys.readouterr()) == (0, "3 shops\n", "")


def test_json_is_all_that_a_program_reads(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code = command.run(end_with(Result("3 shops", {"shops": 3}, code=2)), ["--json"])

    assert (code, *capsys.readouterr()) == (2, '{"shops": 3}\n', "3 shops\n")


def test_a_failure_that_is_named_is_one_line(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code = command.run(end_with(OSError("the disk is full")), [], (OSError,))

    assert (code, *capsys.readouterr()) == (1, "", "shop.count: the disk is full\n")


def test_a_failure_is_told_to_programs_too(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code = command.run(end_with(CommandError("nobody orders", 3)), ["--json"])

    said = capsys.readouterr()
    assert (code, json.loads(said.out)) == (3, {"state": "failed", "reason": "nobody orders"})
    assert said.err == "shop.count: nobody orders\n"


@pytest.mark.parametrize(
    ("failure", "code"), [(FileNotFoundError("x"), 3), (PermissionError("x"), 2), (ValueError("x"), 1)]
)
def test_the_first_kind_that_fits_chooses_the_code(command: Command, failure: Exception, code: int) -> None:
    assert command.run(end_with(failure), [], {FileNotFoundError: 3, OSError: 2, ValueError: 1}) == code


def test_a_failure_that_nobody_named_keeps_its_traceback(command: Command) -> None:
    with pytest.raises(ZeroDivisionError):
        command.run(end_with(ZeroDivisionError), [], (OSError,))


@pytest.mark.parametrize(("failed", "line"), [("nothing counted", "nothing counted: why\n"), ("", "why\n")])
def test_a_command_may_say_what_was_not_done(failed: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    Command("shop.count", "Count.", failed=failed).run(end_with(CommandError("why")), [])

    assert capsys.readouterr().err == line


def test_an_interrupt_is_one_line(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(end_with(KeyboardInterrupt), []) == 130
    assert capsys.readouterr().err == "shop.count: interrupted\n"


def test_options_that_do_not_go_together_end_with_the_usage(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.run(end_with(argparse.ArgumentError(None, "--a needs --b")), [])

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "usage: python -m shop.count [-h] [--json]",
        "python -m shop.count: error: --a needs --b",
    ]


def test_help_begins_with_the_first_line_of_the_module(command: Command) -> None:
    assert "\n\nCount a shop.\n\n" in command.format_help()


def test_logs_name_level_and_logger(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)

    log_to_stderr()
    logging.getLogger("shop").info("counted")

    assert capsys.readouterr().err.endswith(" INFO shop counted\n")


def test_it_runs_before_anything_is_installed() -> None:
    bare = subprocess.run(
        [sys.executable, "-S", "-c", "import command"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (bare.returncode, bare.stderr) == (0, "")
    ast.parse((ROOT / "command.py").read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", [path for path in STARTED if path not in NOT_OURS_TO_FRAME | WRAPPERS])
def test_every_command_exits_with_its_code(path: str) -> None:
    assert SOURCES[path].rstrip().endswith('if __name__ == "__main__":\n    sys.exit(main())')


def test_only_two_parse_by_themselves() -> None:
    parsing = {path for path, source in SOURCES.items() if "argparse.ArgumentParser(" in source}

    assert parsing == NOT_OURS_TO_FRAME | {"shop/loaders/options.py"}  # whose sources of a shop share an option


def test_a_made_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["command"])
    made, nowhere = tmp_path / "page.md", tmp_path / "missing" / "page.md"

    codes = [write_made_file("shop.page", "Write a page.", target, lambda: "made") for target in (made, nowhere)]

    assert codes == [0, 1]
    assert made.read_text(encoding="utf-8") == "made"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T06:30:00", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("2026-11-22T06:30:00+09:00", datetime(2026, 11, 21, 21, 30, tzinfo=UTC)),
        ("2026-11-22T06:30:00Z", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
    ],
)
def test_instants_are_utc(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant
    assert parse_instant(text).tzinfo == UTC


@pytest.mark.parametrize("text", ["", "yesterday", "22.11.2026", "2026-13-01"])
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"not an instant: {text!r}; write it as 2026-11-22"):
        parse_instant(text)


def test_an_instant_to_come_is_refused_and_one_just_past_is_not() -> None:
    now = datetime.now(UTC)

    assert parse_instant(now.isoformat()) == now
    with pytest.raises(ArgumentTypeError, match=r"lies in the future, now it is 20.*choose an instant past"):
        parse_instant((now + timedelta(minutes=1)).isoformat())


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "1969-12-31"])
def test_an_instant_that_nothing_can_be_counted_from_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{re.escape(repr(text))} lies (outside of the calendar|before 1970)"):
        parse_instant(text)
    assert parse_instant("1970-01-01") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "36526", "x"])
def test_an_age_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        parse_days(text)


def test_an_age_may_be_a_part_of_a_day_and_at_most_a_century() -> None:
    assert (parse_days("0.5"), parse_hours("0.5")) == (timedelta(hours=12), timedelta(minutes=30))
    assert parse_days("36525") == parse_hours("876600") == timedelta(days=36_525)
