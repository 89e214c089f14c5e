"""A failed task: its reason is the last line of its log, and an address of the settings is called."""

import logging
from typing import Any

TIMEOUT_SECONDS = 5.0

log = logging.getLogger(__name__)


def say_reason(context: Any) -> None:
    """Write the reason below the frames of the exception, as the last line of the log."""
    log.error("%s", _reason(context))


def call_webhook(context: Any) -> None:
    """POST what failed to the setting `FAILURE_WEBHOOK`, if it names an address.

    The body has `text`, which chat tools show, and the same in fields: `workflow`, `task`, `run`, `reason`, `log`. A
    receiver that does not answer is a warning in the log; the task has failed already.
    """
    import httpx

    from settings import load_settings  # here: parsing a workflow reads no settings

    address = load_settings().failure_webhook.get_secret_value()
    if not address:
        return
    try:
        httpx.post(address, json=describe_failure(context), timeout=TIMEOUT_SECONDS).raise_for_status()
    except httpx.HTTPError as err:
        log.warning("FAILURE_WEBHOOK was not called: %s", type(err).__name__)  # its address may hold a secret


def describe_failure(context: Any) -> dict[str, str]:
    """Name the task that failed and why."""
    ti = context["ti"]
    reason = _reason(context)
    return {
        "text": f"{ti.dag_id} failed in its task {ti.task_id}: {reason}",
        "workflow": ti.dag_id,
        "task": ti.task_id,
        "run": ti.run_id,
        "reason": reason,
        "log": str(ti.log_url),
    }


def _reason(context: Any) -> str:
    error = context.get("exception")
    return str(error) or type(error).__name__ if error is not None else "The task ended without an exception."
