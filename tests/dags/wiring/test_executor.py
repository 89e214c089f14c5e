"""What the executor makes of the processes of tasks: real ones."""

import multiprocessing
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from airflow.utils.state import TaskInstanceState

from dags.wiring.executor import ProcessPerTaskExecutor, Worker

SUCCESS, FAILED = TaskInstanceState.SUCCESS, TaskInstanceState.FAILED
KEY = "a task"
LIMIT_SECONDS = 30.0


@pytest.fixture
def executor() -> ProcessPerTaskExecutor:
    executor = ProcessPerTaskExecutor(parallelism=1)
    executor.start()
    return executor


@pytest.fixture
def worker(executor: ProcessPerTaskExecutor) -> Iterator[Worker]:
    """A worker of the executor, whose process sleeps."""
    process = multiprocessing.Process(target=time.sleep, args=(LIMIT_SECONDS,))
    process.start()
    workload = SimpleNamespace(key=KEY, success_state=SUCCESS, failure_state=FAILED)
    worker = Worker(process, workload, multiprocessing.SimpleQueue())
    executor._at_work.append(worker)
    yield worker
    for left in executor._at_work:
        left.process.kill()


def take_states(executor: ProcessPerTaskExecutor) -> list[str]:
    """What the scheduler is told since it asked last."""
    return [state for state, _ in executor.get_event_buffer().values()]


def end(worker: Worker) -> None:
    worker.process.kill()
    worker.process.join(LIMIT_SECONDS)


def test_a_task_whose_process_lingers_after_its_report_has_not_failed(
    executor: ProcessPerTaskExecutor, worker: Worker
) -> None:
    """A task that waits is queued again meanwhile, and would be taken for the one that failed."""
    worker.results.put((KEY, SUCCESS, None))
    executor.sync()
    assert take_states(executor) == [SUCCESS]

    end(worker)
    executor.sync()

    assert take_states(executor) == []
    assert executor._at_work == []


def test_a_task_whose_process_ended_without_a_word_has_failed(executor: ProcessPerTaskExecutor, worker: Worker) -> None:
    end(worker)

    executor.sync()

    assert take_states(executor) == [FAILED]
    assert executor._at_work == []
