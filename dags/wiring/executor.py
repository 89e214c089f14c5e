"""Executor of Airflow's tasks on one machine: a process for each task, that shares no queue with another.

The workers of Airflow's own executor take turns at one queue, behind a lock that the one whose turn it is holds. Where
that one is killed, for want of memory or by hand, the lock stays held: no task ever begins again, and the scheduler
looks healthy. Here a killed worker costs its own task alone, whose failure is known at once.
"""

import ctypes
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from typing import Any

from airflow.executors.local_executor import LocalExecutor, _run_worker


@dataclass
class Worker:
    """The process of one task, the task, what it reports, and whether its end was among that."""

    process: BaseProcess
    workload: Any
    results: "SimpleQueue[Any]"
    has_reported: bool = False


class ProcessPerTaskExecutor(LocalExecutor):  # type: ignore[misc]
    """LocalExecutor with a worker of its own for each task."""

    def start(self) -> None:
        """Begin without a worker."""
        self._at_work: list[Worker] = []

    def sync(self) -> None:
        """Pass on what workers report; a task whose worker ended without a word has failed."""
        for worker in list(self._at_work):
            has_ended = not worker.process.is_alive()
            self._pass_on(worker)
            if has_ended:
                if not worker.has_reported:
                    self.log.error("worker killed code=%s task=%s", worker.process.exitcode, worker.workload.key)
                    self.change_state(worker.workload.key, worker.workload.failure_state)
                self._forget(worker)

    def end(self) -> None:
        """Wait until all tasks have ended."""
        for worker in self._at_work:
            worker.process.join()
        self.sync()

    def _pass_on(self, worker: Worker) -> None:
        ends = {worker.workload.success_state, worker.workload.failure_state}
        while not worker.results.empty():
            key, state, _error = worker.results.get()
            self.change_state(key, state)
            worker.has_reported |= state in ends

    def _forget(self, worker: Worker) -> None:
        self._at_work.remove(worker)
        worker.process.close()
        worker.results.close()

    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        for workload in workload_list:
            self._at_work.append(self._employ(workload))
            for queue in (self.queued_tasks, self.queued_callbacks, self.queued_connection_tests):
                queue.pop(workload.key, None)

    def _employ(self, workload: Any) -> Worker:
        """Start a process that does one workload and ends."""
        orders: SimpleQueue[Any] = multiprocessing.SimpleQueue()
        results: SimpleQueue[Any] = multiprocessing.SimpleQueue()
        process = multiprocessing.Process(
            target=_run_worker,
            kwargs={
                "logger_name": self.log.name,
                "input": orders,
                "output": results,
                "unread_messages": multiprocessing.Value(ctypes.c_uint, 1),
                "team_conf": self.conf,
            },
        )
        process.start()
        orders.put(workload)
        orders.put(None)  # after it there is none
        orders.close()
        return Worker(process, workload, results)
