"""Retention of Airflow's history: old rows of its database and old logs of tasks.

By hand: `python -m deploy.compose.retention`.

Airflow itself keeps every run and every log for ever.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from command import Command, Result, parse_days
from deploy.airflow_settings import airflow_environment
from settings import Settings, load_settings

ROWS = timedelta(days=90)
LOGS = timedelta(days=30)
LIMIT_SECONDS = 1500
TABLES = "dag_run,task_instance,task_instance_history,xcom,asset_event,log,job,trigger,import_error,callback,deadline"
HIDDEN_FROM_TASKS = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
"""Airflow replaces this variable in its tasks, lest they touch the database; in containers the URL is a secret file."""


def clean_rows(settings: Settings, before: datetime) -> None:
    """Let Airflow delete rows of its own database.

    Args:
        settings: where things run.
        before: what ended earlier goes; of each workflow the newest run stays.

    Raises:
        RuntimeError: Airflow could not; its words stand above in the log.
    """
    asked = ["db", "clean", "--clean-before-timestamp", before.isoformat(), "--tables", TABLES]
    call_airflow(settings, *asked, "--skip-archive", "--yes", "--error-on-cleanup-failure", stdout=sys.stderr)


def call_airflow(settings: Settings, *arguments: str, stdout: IO[str] | int) -> str:
    """Call Airflow's command line as outside of a task.

    Args:
        settings: where things run.
        *arguments: what it shall do.
        stdout: where its output goes.

    Returns:
        Its output, where that is piped.

    Raises:
        RuntimeError: it failed; its words stand above in the log.
    """
    own = [f"{name}={value}" for name, value in airflow_environment(settings).items()]
    variables = own if settings.environment == "development" else []
    command = ["env", "-u", HIDDEN_FROM_TASKS, *variables, sys.executable, "-m", "airflow", *arguments]
    finished = subprocess.run(command, stdout=stdout, text=True, check=False, timeout=LIMIT_SECONDS)
    if finished.returncode != 0:
        shown = " ".join(["airflow", *arguments[:2]])
        raise RuntimeError(f"{shown} ended with code {finished.returncode}; its words stand above")
    return finished.stdout or ""


def clean_logs(folder: Path, before: datetime) -> tuple[int, int]:
    """Delete logs of tasks, and the folders that are empty then.

    Args:
        folder: Airflow's log folder.
        before: files written last before this instant go.

    Returns:
        How many files went, and how many bytes.
    """
    count = size = 0
    found = sorted(path for path in folder.rglob("*") if not path.is_symlink())
    old = [(path, kept) for path in found if (kept := path.stat()).st_mtime < before.timestamp()]
    for path, kept in reversed(old):  # what lies in a folder comes before the folder
        if path.is_file():
            path.unlink()
            count, size = count + 1, size + kept.st_size
        elif not any(path.iterdir()):
            path.rmdir()
    return count, size


def log_folder(settings: Settings) -> Path:
    """Ask Airflow where it writes the logs of tasks."""
    said = call_airflow(settings, "config", "get-value", "logging", "base_log_folder", stdout=subprocess.PIPE)
    return Path(said.strip().splitlines()[-1])


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit 1 with one line when that fails."""
    command = Command("deploy.compose.retention", __doc__, has_json=True)
    command.add_argument("--rows-days", type=parse_days, default=ROWS, metavar="DAYS", help="age of the rows that go")
    command.add_argument("--logs-days", type=parse_days, default=LOGS, metavar="DAYS", help="age of the logs that go")
    return command.run(_delete, arguments, (OSError, RuntimeError, subprocess.TimeoutExpired))


def _delete(options: argparse.Namespace) -> Result:
    settings, now = load_settings(), datetime.now(UTC)
    clean_rows(settings, now - options.rows_days)
    count, size = clean_logs(log_folder(settings), now - options.logs_days)
    words = f"{count} logs deleted ({size / 2**20:.1f} MB), and rows older than {options.rows_days.days} days"
    return Result(words, {"rows_before_days": options.rows_days.days, "log_files": count, "log_bytes": size})


if __name__ == "__main__":
    sys.exit(main())
