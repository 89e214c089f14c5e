"""Guard of a step: runs a command whose whole process tree ends with the guard's owner, however the owner ends.

    python dags/wiring/guard.py 5 python -m training.run ...

The number is the niceness of the command: how far it gives way to others, from 0 to 19.

Standard input is a pipe that the owner holds open and never writes to: the kernel closes it when the owner dies, be it
by `kill -9`. The guard then asks the command and everything below it to stop, and insists after `GRACE_SECONDS`. It
ends as the command ended.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import FrameType

import psutil

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.1
AUTOGROUP = Path("/proc/self/autogroup")
SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36  # of <linux/prctl.h>


def guard(command: list[str]) -> int:
    """Run a command until it ends or the guard is told to stop, and leave nothing of it.

    Returns:
        Its exit code, negative for the signal that ended it.
    """
    is_stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not is_stopping.is_set():
            is_stopping.set()
            end_descendants(GRACE_SECONDS)

    signal.signal(signal.SIGTERM, stop)
    set_process_control(SET_CHILD_SUBREAPER, 1)  # what loses its parent below stays below
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=partial(_die_with, os.getpid()))
    threading.Thread(target=_watch_owner, daemon=True).start()
    if is_stopping.is_set():  # there was nothing to end yet
        end_descendants(GRACE_SECONDS)
    code = process.wait()
    is_stopping.set()
    end_descendants(0)
    return code


def give_way(niceness: int) -> None:
    """Let others have the processor before this process and its children.

    Linux shares a processor between sessions first, and a guard leads a session of its own: there, the session's
    niceness is what counts.

    Args:
        niceness: 0 (none) to 19.
    """
    os.nice(niceness)
    is_group = niceness and AUTOGROUP.exists() and os.getsid(0) == os.getpid()
    while is_group:
        try:
            AUTOGROUP.write_text(str(niceness), encoding="ascii")
            return
        except BlockingIOError:  # without root, the kernel takes one such request in a tenth of a second
            time.sleep(POLL_SECONDS)


def end_descendants(patience_seconds: float) -> None:
    """Ask everything below this process to stop, and insist once the patience is over.

    Args:
        patience_seconds: 0 insists at once.
    """
    deadline = time.monotonic() + patience_seconds
    number = signal.SIGTERM if patience_seconds else signal.SIGKILL
    while family := _living_descendants():
        for process in family:
            _signal(process, number)
        while _living_descendants() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        number = signal.SIGKILL


def _living_descendants() -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _watch_owner() -> None:
    """Stop the guard once nobody holds the other end of standard input."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _die_with(guard_pid: int) -> None:
    """Let the kernel kill the command if the guard itself is killed. The guard starts it from its main thread."""
    set_process_control(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != guard_pid:
        os._exit(1)


def set_process_control(option: int, value: int) -> None:
    """Call prctl; where the system has none, the owner's signal to the process group has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def end_like(code: int) -> None:
    """Exit with a command's code, or by the signal that ended it."""
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    give_way(int(sys.argv[1]))
    end_like(guard(sys.argv[2:]))
