import os
import subprocess
import sys

import polars as pl
import pytest
from deltalake.exceptions import DeltaError

from features import store_writing
from features.store_writing import write_rows

SAYS = b"""before
thread 'tokio-rt-worker' (11557) panicked at /src/object_store-0.13.2/src/buffered.rs:369:41:
Already shut down
stack backtrace:
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.

after
"""


def test_a_panic_of_deltalakes_threads_is_held_back_and_what_else_is_said_is_not(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        os.write(2, SAYS)
        raise DeltaError("refused")

    monkeypatch.setattr(store_writing, "write_deltalake", fail)

    with pytest.raises(DeltaError, match="refused"):
        write_rows("s3://shop/store/users", pl.DataFrame({"user_id": [1]}), {"timeout": "1s"})

    assert capfd.readouterr().err == "before\nafter\n"


def test_stderr_is_given_back(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(store_writing, "write_deltalake", lambda *_arguments, **_options: os.write(2, b"within\n"))

    write_rows("s3://shop/store/users", pl.DataFrame({"user_id": [1]}), {"timeout": "1s"})
    subprocess.run([sys.executable, "-c", "import os; os.write(2, b'behind')"], check=True)

    assert capfd.readouterr().err == "within\nbehind"
