"""A run's note in one line: left by a task, set on the run by plugins/run_note.py when it ends."""

from collections.abc import Callable
from typing import Any

from dags.wiring.command import run_module

NOTE = "run_note"
LONGEST = 1000  # Airflow's limit of a note, in characters


def leave_note(context: Any, text: str) -> None:
    """Leave a line for the note of the run; the last one that is left stands.

    Args:
        context: of the task.
        text: cut at Airflow's limit of 1,000 characters.
    """
    context["ti"].xcom_push(NOTE, text[:LONGEST])


def run_noted(
    context: Any, sentence: Callable[[dict[str, Any]], str], module: str, *arguments: str, timeout_seconds: float
) -> dict[str, Any]:
    """Run a step as `run_module` does and note how it ended: in a sentence about its report, or why it failed.

    Args:
        context: of the task.
        sentence: made of the report of a step that ended well.
        module: module with a command line, whose last line on stdout is a JSON object.
        *arguments: its arguments.
        timeout_seconds: wall-clock limit.

    Returns:
        The report.

    Raises:
        Exception: the step failed or had nothing to do, as `run_module` tells.
    """
    try:
        report = run_module(module, *arguments, timeout_seconds=timeout_seconds)
    except Exception as err:
        leave_note(context, str(err))
        raise
    leave_note(context, sentence(report))
    return report
