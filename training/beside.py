"""A call of a function in a process of its own, beside the caller's; neither process outlives the other's need of it.

A thread would not do: PyTorch's dropout draws from one generator a process, and Python runs one thread at a time. The
process imports what the function needs, and not the command that was started.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

ROOT = Path(__file__).resolve().parents[1]
RUN = "import sys; sys.path.insert(0, sys.argv[1]); from training.beside import answer; answer(sys.argv[2])"
STANDARD_INPUT = 0

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class BesideError(RuntimeError):
    """The process ended without an answer."""


class Call(Generic[Result]):
    """A call that is under way."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path):
        self._process = process
        self._path = path

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The code that the process ended with; None while it goes on."""
        return self._process.poll()

    def wait(self) -> Result:
        """Wait for what the function returns.

        Raises:
            BesideError: the process ended before the function did: it was killed, or had no memory left.
            Exception: what the function raised.
        """
        code = self._process.wait()
        answer = _name_answer(self._path)
        if not answer.exists():
            raise BesideError(f"A process that trained beside this one ended with code {code}; its log is above.")
        is_returned, value = pickle.loads(answer.read_bytes())
        if not is_returned:
            raise value
        result: Result = value
        return result


@contextmanager
def call_beside(
    scratch: Path, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Iterator[Call[Result]]:
    """Call a function in another process, which has ended when the block has.

    Args:
        scratch: folder for files that the two exchange.
        function: of a module, with arguments and a result that can be pickled.
        *args: of the function.
        **kwargs: of the function.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / "call"
        with path.open("wb") as file:
            pickle.dump((function, args, kwargs), file)
        with subprocess.Popen([sys.executable, "-c", RUN, ROOT, path], stdin=subprocess.PIPE) as process:
            try:
                yield Call(process, path)
            finally:
                process.kill()


def answer(path: str) -> None:
    """Be the other process: call the function, and leave what it returned or raised in a file."""
    threading.Thread(target=_end_with_caller, daemon=True).start()
    with Path(path).open("rb") as file:
        function, args, kwargs = pickle.load(file)
    try:
        answered = True, function(*args, **kwargs)
    except Exception as error:  # the caller raises it
        answered = False, error
    part = Path(path).with_suffix(".part")
    part.write_bytes(pickle.dumps(answered))
    part.replace(_name_answer(Path(path)))


def _end_with_caller() -> None:
    """End this process when the caller's end of standard input is closed, as it is when the caller dies."""
    while os.read(STANDARD_INPUT, 1):
        pass
    os._exit(1)


def _name_answer(path: Path) -> Path:
    return path.with_suffix(".answer")
