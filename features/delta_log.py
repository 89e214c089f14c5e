"""The log of a Delta table, file by file: what its commits carried, and repair of those that cannot be read.

A commit that is lost or torn makes its table unreadable, with all the rows of the others. It is replaced by one that
changes nothing, so that no version's number ever comes again; what was there is kept in the store's folder `_damaged`.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import pyarrow.parquet
from deltalake import Schema
from pyarrow import ArrowException

from features.store_files import StoreFiles

DAMAGED = "_damaged"
LAST_CHECKPOINT = "_last_checkpoint"
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")

# What delta-rs itself writes into a commit; every other string is ours.
_COMMIT_FIELDS = {
    "timestamp", "operation", "operationParameters", "operationMetrics", "engineInfo", "clientVersion", "version",
    "readVersion", "isolationLevel", "isBlindAppend", "userId", "userName", "userMetadata",
}  # fmt: skip


@dataclass(frozen=True)
class FirstCommit:
    """What the first commit of a table declares, to be written again should it be lost."""

    schema: Schema
    configuration: Mapping[str, str]

    def to_actions(self) -> list[dict[str, Any]]:
        """Return the actions that make an empty table, as the Delta protocol writes them."""
        metadata = {
            "id": str(uuid4()),
            "format": {"provider": "parquet", "options": {}},
            "schemaString": self.schema.to_json(),
            "partitionColumns": [],
            "createdTime": _now_millis(),
            "configuration": dict(self.configuration),
        }
        return [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": metadata}]


class DeltaLog:
    """The log of one table of a store. Methods raise OSError where the storage fails."""

    def __init__(self, files: StoreFiles, table: str):
        """Point at a table's log; nothing is read yet."""
        self._files = files
        self._table = table
        self._folder = f"{table}/_delta_log"

    def read_metadata(self, version: int) -> dict[str, str]:
        """Return the strings that a commit carried: deltalake's `history()` finds none below a folder `a?b`."""
        commit: dict[str, Any] = next(
            (action["commitInfo"] for action in self._read(version) or [] if "commitInfo" in action), {}
        )
        return {key: value for key, value in commit.items() if key not in _COMMIT_FIELDS and isinstance(value, str)}

    def mend(self, first: FirstCommit | None = None) -> list[int] | None:
        """Replace what the newest state of the table needs and cannot be read; a sound log is left alone.

        Args:
            first: what the table's first commit declares. Should that be lost and this not be given, the whole log is
                set aside and the table begins anew.

        Returns:
            Versions whose commits change nothing now, the newest before them is not among them; None if the log is
            sound.
        """
        names = [path.removeprefix(f"{self._folder}/") for path in self._files.sizes(self._folder)]
        checkpoints = {int(found[1]): found.string for name in names if (found := _CHECKPOINT.fullmatch(name))}
        sound = {version for version, name in checkpoints.items() if self._is_parquet(name)}
        begin = max(sound, default=-1) + 1
        end = max((int(found[1]) for name in names if (found := _COMMIT.fullmatch(name))), default=-1) + 1
        damaged = [version for version in range(begin, end) if not self._read(version)]
        aside = [name for version, name in checkpoints.items() if version not in sound]
        aside += [LAST_CHECKPOINT] if not {self._find_hint()} <= {*sound, None} else []
        if not aside and not damaged:
            return None
        if damaged[:1] == [0] and first is None:
            self._set_aside(names)
            return damaged
        for version in damaged:
            if _name(version) in names:
                self._keep(_name(version))
            actions = first.to_actions() if version == 0 and first is not None else []
            info = {"timestamp": _now_millis(), "operation": "REPAIR", "operationParameters": {}}
            lines = [json.dumps(action) for action in [{"commitInfo": info}, *actions]]
            self._files.write(f"{self._folder}/{_name(version)}", "\n".join(lines).encode())
        self._set_aside(aside)
        return damaged

    def _read(self, version: int) -> list[dict[str, Any]] | None:
        """Return the actions of a commit; None if it is lost or cannot be read."""
        data = self._files.read(f"{self._folder}/{_name(version)}")
        try:
            return [dict(json.loads(line)) for line in (data or b"").splitlines() if line]
        except ValueError:
            return None

    def _find_hint(self) -> int | None:
        """Return the version whose checkpoint readers look for first; Delta passes over a hint that it cannot read."""
        try:
            return int(json.loads(self._files.read(f"{self._folder}/{LAST_CHECKPOINT}") or b"")["version"])
        except (ValueError, KeyError, TypeError):
            return None

    def _is_parquet(self, name: str) -> bool:
        data = self._files.read(f"{self._folder}/{name}")
        try:
            return data is not None and pyarrow.parquet.read_table(BytesIO(data)).num_rows > 0
        except (ArrowException, OSError):
            return False

    def _set_aside(self, names: list[str]) -> None:
        """Take files out of the log."""
        for name in names:
            self._keep(name)
            self._files.delete(f"{self._folder}/{name}")

    def _keep(self, name: str) -> None:
        """Keep a copy of a file where nobody reads it, under a name of its own."""
        self._files.copy(f"{self._folder}/{name}", f"{DAMAGED}/{self._table}/{_now_millis()}-{name}")


def _name(version: int) -> str:
    return f"{version:020d}.json"


def _now_millis() -> int:
    return int(time.time() * 1000)
