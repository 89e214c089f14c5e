"""Command lines: arguments, logs, `--json` for programs, and one line on failure in place of a traceback.

Standard library only: some commands run before anything is installed. Every `python -m ...` of the project is a
`Command`, but for `deploy.local.bootstrap` and `deploy.torch_build`, which run where this file is not.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=36_525)


class CommandError(Exception):
    """A failure in one line for a person, with the exit code that it ends the command with."""

    def __init__(self, reason: str, code: int = FAILED):
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Result:
    """What a command has to say when it has done its work.

    Attributes:
        words: for people, on stdout; on stderr when `--json` was given.
        report: for programs, the last line on stdout when `--json` was given.
        code: exit code.
    """

    words: str = ""
    report: Mapping[str, object] | None = None
    code: int = 0


def parse_instant(text: str) -> datetime:
    """Read an instant of a command line, `2026-11-22` or `2026-11-22T00:00:00+00:00`; without a zone it is UTC.

    Raises:
        argparse.ArgumentTypeError: the text is not ISO 8601, or the instant is before 1970 or still to come, so that
            nobody knows what was known before it; argparse shows this error's words, and hides those of a ValueError.
    """
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except ValueError as err:
        raise argparse.ArgumentTypeError(
            f"not an instant: {text!r}; write it as 2026-11-22 or 2026-11-22T00:00:00+00:00"
        ) from err
    except OverflowError as err:
        raise argparse.ArgumentTypeError(f"{text!r} lies outside of the calendar; choose an instant past") from err
    if instant < EPOCH:
        raise argparse.ArgumentTypeError(f"{text!r} lies before 1970; choose a later instant")
    if instant > (now := datetime.now(UTC)):
        raise argparse.ArgumentTypeError(
            f"{text!r} lies in the future, now it is {now:%Y-%m-%dT%H:%M:%S}Z; choose an instant past"
        )
    return instant


def parse_days(text: str) -> timedelta:
    """Read a number of days of a command line; see `_parse_duration`."""
    return _parse_duration(text, timedelta(days=1))


def parse_hours(text: str) -> timedelta:
    """Read a number of hours of a command line; see `_parse_duration`."""
    return _parse_duration(text, timedelta(hours=1))


def _parse_duration(text: str, unit: timedelta) -> timedelta:
    """Read how many units something lasts: above 0, so that no age lies in the future, and at most a century.

    Raises:
        argparse.ArgumentTypeError: it is no such number.
    """
    try:
        number = float(text)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"not a number: {text!r}") from err
    if not isfinite(number) or not 0 < number <= LONGEST / unit:
        raise argparse.ArgumentTypeError(f"{text} must be above 0 and at most {LONGEST / unit:g}")
    return number * unit


class Command(argparse.ArgumentParser):
    """Parser and frame of one `python -m NAME`.

    What a person can mend, a wrong setting included, ends it with one line on stderr; with `--json` the last line on
    stdout is then `{"state": "failed", "reason": ...}`. Any other exception is our own mistake and keeps its traceback.
    """

    def __init__(
        self, name: str, description: str, *, failed: str | None = None, has_json: bool = False, has_logs: bool = False
    ):
        """Describe the command.

        Args:
            name: module, as after `python -m`.
            description: first thing that `--help` says: the first line of it.
            failed: what stands before the reason of a failure; the name if not given, nothing if empty.
            has_json: take `--json`.
            has_logs: show the progress that the packages log, on stderr.
        """
        super().__init__(prog=f"python -m {name}", description=description.splitlines()[0])
        self._prefix = f"{name}: " if failed is None else f"{failed}: " if failed else ""
        self._has_logs = has_logs
        self.set_defaults(json=False)
        if has_json:
            self.add_argument("--json", action="store_true", help="end with one line of JSON")

    def run(
        self,
        work: Callable[[argparse.Namespace], Result],
        arguments: Sequence[str] | None = None,
        failures: tuple[type[Exception], ...] | Mapping[type[Exception], int] = (),
    ) -> int:
        """Parse, work, and say how it ended.

        Args:
            work: given the options; raises `argparse.ArgumentError` for options that do not go together.
            arguments: of the command line; those of the process if not given.
            failures: exceptions that end the command in one line, with their exit codes where 1 does not do. Where
                several fit, the first counts. `CommandError` always does, with its own code.

        Returns:
            The exit code.
        """
        options = self.parse_args(arguments)
        codes = failures if isinstance(failures, Mapping) else dict.fromkeys(failures, FAILED)
        if self._has_logs:
            log_to_stderr()
        try:
            result = work(options)
        except argparse.ArgumentError as err:
            self.error(str(err))
        except KeyboardInterrupt:
            return self._fail("interrupted", INTERRUPTED, options.json)
        except CommandError as err:
            return self._fail(str(err), err.code, options.json)
        except SystemExit as err:
            if not isinstance(err.code, str):
                raise
            code = getattr(err, "exit_code", WRONG_INPUT)  # a wrong setting, as `load_settings` says it, if it has none
            return self._fail(err.code, code, options.json)
        except tuple(codes) as err:
            return self._fail(str(err), next(codes[kind] for kind in codes if isinstance(err, kind)), options.json)
        _tell(result, options.json)
        return result.code

    def _fail(self, reason: str, code: int, as_json: bool) -> int:
        sys.stderr.write(f"{self._prefix}{reason}\n")
        if as_json:
            say(json.dumps({"state": "failed", "reason": reason}))
        return code


def write_made_file(name: str, description: str, target: Path, render: Callable[[], str]) -> int:
    """Run a command that writes one file which is made from the code.

    Args:
        name: module, as after `python -m`.
        description: first thing that `--help` says.
        target: the file.
        render: makes its text.

    Returns:
        The exit code.
    """

    def write(_options: argparse.Namespace) -> Result:
        target.write_text(render(), encoding="utf-8")
        return Result(f"{target.name} written")

    return Command(name, description).run(write, failures=(OSError,))


def _tell(result: Result, as_json: bool) -> None:
    """Write for people to stderr if a program reads stdout, whose last line is then JSON."""
    if result.words:
        (sys.stderr if as_json else sys.stdout).write(result.words.rstrip("\n") + "\n")
    if as_json and result.report is not None:
        say(json.dumps(result.report))


def say(line: str) -> None:
    """Write one line to stdout at once, also where that is a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def log_to_stderr() -> None:
    """Show the logs from INFO up on stderr, in the format of all commands."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
