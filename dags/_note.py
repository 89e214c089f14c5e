"""A run's note in one line: left by a task, set on the run by plugins/run_note.py when it ends."""

from typing import Any

NOTE = "run_note"
LONGEST = 1000  # Airflow's limit of a note, in characters


def leave_note(context: Any, text: str) -> None:
    """Leave a line for the note of the run; the last one that is left stands.

    Args:
        context: of the task.
        text: cut at Airflow's limit of 1,000 characters.
    """
    context["ti"].xcom_push(NOTE, text[:LONGEST])
