"""Deferrable operator: the triggerer runs the waiting step, so that it holds no task slot and no stop kills it."""

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from dags.wiring.command import GRACE_SECONDS, ROOT, conclude, guarded, show_command, signal_group
from dags.wiring.note import leave_note

KEPT_LINES = 20
SPARE = timedelta(seconds=60)


class StepTrigger(BaseTrigger):  # type: ignore[misc]  # Airflow is not typed here
    """Runs `python -m module arguments` in the triggerer and fires once when it has ended.

    Args:
        module: module with a command line, whose last line on stdout is a JSON object.
        arguments: its arguments.
        timeout_seconds: wall-clock limit.
    """

    def __init__(self, module: str, arguments: list[str], timeout_seconds: float):
        super().__init__()
        self.module = module
        self.arguments = arguments
        self.timeout_seconds = timeout_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Describe the trigger, for the triggerer to make it again."""
        described = {"module": self.module, "arguments": self.arguments, "timeout_seconds": self.timeout_seconds}
        return f"{type(self).__module__}.{type(self).__name__}", described

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Run the step; one that this triggerer cannot bring to its end is begun again by the next."""
        process = await asyncio.create_subprocess_exec(
            *guarded(self.module, *self.arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            start_new_session=True,
        )
        ended = asyncio.ensure_future(process.wait())
        ended.add_done_callback(lambda _: signal_group(process.pid, signal.SIGKILL))  # closes the pipe of what is left
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                assert process.stdout is not None
                async for line in process.stdout:
                    lines.append(line.decode(errors="replace").rstrip())
                    self.log.info("%s", lines[-1])
                code: int | None = await process.wait()
        except TimeoutError:
            code = None
        finally:
            await _end_group(process)
        yield TriggerEvent({"code": code, "lines": list(lines)})


class WaitingStep(BaseOperator):  # type: ignore[misc]
    """A task that hands its step to the triggerer and goes on when that has ended.

    Args:
        module: module with a command line, whose last line on stdout is a JSON object.
        timeout_seconds: wall-clock limit of the step.
        **task: what every task has.
    """

    def __init__(self, *, module: str, timeout_seconds: float, **task: Any):
        super().__init__(**task)
        self.module = module
        self.timeout_seconds = timeout_seconds

    def arguments(self, context: Any) -> list[str]:
        """Choose the step's arguments once the task begins."""
        raise NotImplementedError

    def execute(self, context: Any) -> None:
        """Hand the step to the triggerer."""
        trigger = StepTrigger(self.module, self.arguments(context), self.timeout_seconds)
        limit = timedelta(seconds=self.timeout_seconds + GRACE_SECONDS) + SPARE
        self.defer(trigger=trigger, method_name="resume", timeout=limit)

    def resume(self, context: Any, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """End as the step ended.

        Returns:
            The JSON object that the step ended with.

        Raises:
            TimeoutError: the limit passed.
            AirflowSkipException: the step says that there is nothing to do yet.
            AirflowFailException: trying again would not help, or the trigger said nothing.
            RuntimeError: the step failed.
        """
        try:
            report = self._conclude(event)
        except Exception as err:
            leave_note(context, str(err))
            raise
        leave_note(context, str(report.get("words", "")))
        return report

    def _conclude(self, event: dict[str, Any] | None) -> dict[str, Any]:
        if event is None:
            raise AirflowFailException(f"{self.module} ended without a word from the triggerer; see its log.")
        shown = show_command(self.module)
        for line in event["lines"]:
            self.log.info("%s", line)
        if event["code"] is None:
            raise TimeoutError(f"{shown} did not finish within {self.timeout_seconds:.0f} s and was stopped.")
        last_line = event["lines"][-1] if event["lines"] else ""
        return conclude(shown, event["code"], last_line, last_line)


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """Leave nothing of the step behind, however the wait for it ended."""
    if process.returncode is None:
        signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    signal_group(process.pid, signal.SIGKILL)
