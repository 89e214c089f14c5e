"""Failures of the ML store in one line: what the libraries below it raise, its cause, and what to do."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote

from deltalake.exceptions import CommitFailedError, DeltaError
from polars.exceptions import PanicException, PolarsError
from pyarrow import ArrowException

LIBRARY_ERRORS = (DeltaError, PolarsError, PanicException, ArrowException, OSError)
SNAPSHOT_TABLES = re.compile("snapshots?(_|$)")
_AS_OF = re.compile(r"/as_of=([^/]+)/")
_OF_PARTITION = re.compile(r"(\d{8}T\d{12})Z-\w+")
"""Partition of a snapshot's rows, whose name begins with the instant."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_STORED_WORDS = re.compile(r"<Code>(?P<code>[^<]*)</Code>\s*<Message>(?P<words>[^<]*)</Message>")
_DURATION = re.compile(r" in [0-9.]+(m|µ|n)?s\b.*")

_CONDITIONAL_PUT = "Use one that knows conditional writes (If-None-Match), which keep two writers apart."
_NO_ROOM = (
    "Make room in the object store, or raise its quota; files that no commit names are deleted by "
    "`python -m features.maintain`."
)
_BUSY = "Run the command again when the object store answers again: it has too much to do now."
_ENDPOINT = "Correct AWS_ENDPOINT_URL (or AWS_REGION), and see that the object store runs and can be reached from here."
_CREDENTIALS = (
    "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and let that account list, read, write and delete in the "
    "bucket that ML_STORE_URI names."
)
_OBJECT_STORE = (
    (r"169\.254\.", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),  # asked where no credentials are given
    (r"NoSuchBucket", "Correct the bucket in ML_STORE_URI, or create it."),
    (r"NotImplemented|501 ", _CONDITIONAL_PUT),
    (r"507 |InsufficientStorage|QuotaExceeded|StorageFull", _NO_ROOM),
    (r"InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|InvalidToken|ExpiredToken|40[13] ", _CREDENTIALS),
    (r"SlowDown|Slow Down|TooManyRequests|429 |503 ", _BUSY),
    (r"scheme is not allowed|BadScheme|builder error", "Correct AWS_ENDPOINT_URL: http://HOST:PORT or https://HOST."),
    (r"tcp connect|dns error|timed out|error sending request|50[024] ", _ENDPOINT),
)
"""What an object store's answers and silences look like, and which setting is then to be corrected."""


class StoreError(Exception):
    """The ML store lacks what was asked of it, or holds something that it should not."""


def is_about_data(error: BaseException) -> bool:
    """Return whether an error may come from a file that is lost or cannot be read, not from a silent storage."""
    return _find_remedy(str(error)) is None and (isinstance(error, FileNotFoundError) or not isinstance(error, OSError))


def describe_failure(uri: str, error: BaseException) -> str:
    """Put what a library raised into one line that names the store, the cause and what to do.

    Args:
        uri: the store.
        error: one of `LIBRARY_ERRORS`.
    """
    remedy = _find_remedy(str(error)) if "://" in uri else None
    if remedy:
        return f"The ML store {uri!r} cannot be reached: {_find_cause(str(error))}. {remedy}"
    words = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, CommitFailedError):
        return (
            f"The ML store {uri!r} was written by another process at the same moment, or said so late what it had "
            f"written that it was asked twice: {words.rstrip('.')}. Nothing is half-written: run the command again."
        )
    return (
        f"The ML store {uri!r} cannot be read or written: {words}. Check that it can be reached, its disk and its "
        "rights; a lost or damaged file of a table is repaired by `python -m features.sync --verify`, of a "
        "snapshot by `python -m features.rebuild`."
    )


def describe_damage(uri: str, table: str, file: str, seen: str) -> str:
    """Put a lost or damaged file into one line.

    Args:
        uri: the store.
        table: that the file belongs to.
        file: its path below the store's root.
        seen: what is wrong with it.
    """
    remedy = "repaired by `python -m features.sync --verify`, which reads its rows from the shop again"
    if table.startswith("_"):
        remedy = "taken out of the table by `python -m features.sync --verify`; what it said is lost"
    elif SNAPSHOT_TABLES.match(table):
        remedy = f"made anew by `python -m features.rebuild --as-of {_find_instant(file)}`"
    return f"The ML store {uri!r} cannot be read: the file {file!r} of the table {table!r} {seen}. It is {remedy}."


def _find_instant(file: str) -> str:
    """Return the instant of the snapshot that a file belongs to, as commands take it; T for what belongs to all."""
    partition = _AS_OF.search(unquote(file))
    instant = _OF_PARTITION.fullmatch(partition[1]) if partition else None
    if instant:
        return datetime.strptime(instant[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC).isoformat()
    return partition[1] if partition else "T"


def _find_remedy(words: str) -> str | None:
    """Return what to do about the words of an object store; `None` for any other storage's."""
    if "Error performing" not in words and "Generic S3" not in words:
        return None
    return next((remedy for pattern, remedy in _OBJECT_STORE if re.search(pattern, words)), _ENDPOINT)


def _find_cause(words: str) -> str:
    """Return request and innermost cause of an error that its library lays out as a tree, one line a cause."""
    told = _STORED_WORDS.search(words)
    lines = [line.strip(" \t↳") for line in _COLOURS.sub("", words).splitlines()]
    requests = [_DURATION.sub("", line) for line in lines if line.startswith("Error performing") and "://" in line]
    cause = f"{told['words'].rstrip('.')} ({told['code']})" if told else [line for line in lines if line][-1]
    return ": ".join([*(line.removeprefix("Error performing ").partition("?")[0] for line in requests[:1]), cause])
