"""A call of a function in a process of its own, beside the caller's; neither process outlives the other's need of it.

A thread would not do: PyTorch's dropout draws from one generator a process, and Python runs one thread at a time. The
process imports what the function needs, and not the command that was started. The two speak over a pipe that nobody
else has, so that nothing lies in a file that would be executed when it is read.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

ROOT = Path(__file__).resolve().parents[1]
RUN = "import sys; sys.path.insert(0, sys.argv[1]); from training.beside import answer; answer(int(sys.argv[2]))"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class BesideError(RuntimeError):
    """The process ended without an answer."""


class Call(Generic[Result]):
    """A call that is under way."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: "Connection[Any, Any]"):
        self._process = process
        self._pipe = pipe

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
        try:
            is_returned, value = self._pipe.recv()
        except (EOFError, OSError) as err:
            code = self._process.wait()
            message = f"A process that trained beside this one ended with code {code}; its log is above."
            raise BesideError(message) from err
        self._process.wait()
        if not is_returned:
            raise value
        result: Result = value
        return result


@contextmanager
def call_beside(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Iterator[Call[Result]]:
    """Call a function in another process, which has ended when the block has.

    Args:
        function: of a module, with arguments and a result that can be pickled.
        *args: of the function.
        **kwargs: of the function.
    """
    pipe, its_end = Pipe()
    command = [sys.executable, "-c", RUN, str(ROOT), str(its_end.fileno())]
    with pipe, subprocess.Popen(command, pass_fds=[its_end.fileno()], stdin=subprocess.DEVNULL) as process:
        its_end.close()
        # Arguments may be large, and the process takes seconds to begin: the caller does not wait for that.
        threading.Thread(target=_tell, args=(pipe, (function, args, kwargs)), daemon=True).start()
        try:
            yield Call(process, pipe)
        finally:
            process.kill()


def _tell(pipe: "Connection[Any, Any]", told: object) -> None:
    with suppress(OSError):  # of a process that has ended already, as whoever waits for it is told
        pipe.send(told)


def answer(descriptor: int) -> None:
    """Be the other process: call the function, and send what it returned or raised."""
    pipe = Connection(descriptor)
    function, args, kwargs = pipe.recv()
    threading.Thread(target=_end_with_caller, args=(pipe,), daemon=True).start()
    try:
        answered = True, function(*args, **kwargs)
    except Exception as error:  # the caller raises it
        answered = False, error
    pipe.send(answered)


def _end_with_caller(pipe: "Connection[Any, Any]") -> None:
    """End this process when the caller's end of the pipe is closed, as it is when the caller dies: it says no more."""
    pipe.poll(None)
    os._exit(1)
