"""This folder's project of Docker Compose, as its host sees it. Standard library only, like all that runs there."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from deploy.interpreter import SetupError

SERVER = "mysql"
"""Service of the databases, and the host that their URLs name."""
AS_ROOT = 'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)" exec "$0" --user=root "$@"'
DUMP = (
    "mysqldump",
    "--single-transaction",  # all databases as they stand at one moment, while others write
    "--hex-blob",
    "--no-tablespaces",
    "--set-gtid-purged=OFF",
    "--default-character-set=utf8mb4",
    "--databases",
)
LOAD = ("mysql", "--default-character-set=utf8mb4")


class Project:
    """A folder with a docker-compose.yml, and what runs of it.

    Args:
        folder: holds docker-compose.yml and .env.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def name(self) -> str:
        """Its name, which those of its volumes begin with."""
        settings: dict[str, Any] = json.loads(self.compose("config", "--no-interpolate", "--format", "json"))
        return str(settings["name"])

    def list_volumes(self) -> list[str]:
        """Return the names of the volumes that it has."""
        label = f"label=com.docker.compose.project={self.name}"
        return self._run(["docker", "volume", "ls", "--quiet", "--filter", label]).split()

    def compose(self, *arguments: str) -> str:
        """Run `docker compose`.

        Returns:
            What it said on stdout.

        Raises:
            SetupError: it failed; the message has its last line.
        """
        return self._run(["docker", "compose", *arguments])

    def run_on_backup(self, service: str, backup: Path, *command: str, mode: str = "rw") -> dict[str, Any]:
        """Run a command of ours in a new container of a service, with its volumes and the backup's folder.

        Args:
            service: whose image, volumes and secrets.
            backup: lies at /backup there.
            *command: what follows `python -m`; it takes `--json`.
            mode: `rw`, or `ro` for a folder that is only read.

        Returns:
            What the command reported.

        Raises:
            SetupError: it failed, and says why.
        """
        mount = f"{backup.resolve()}:/backup:{mode}"
        place = ["run", "--rm", "--no-deps", "--no-TTY", "--volume", mount, service]
        report: dict[str, Any] = json.loads(self.compose(*place, "python", "-m", *command, "--json").splitlines()[-1])
        return report

    def dump(self, databases: Sequence[str], target: Path) -> None:
        """Write databases of the server into a compressed file of SQL, all as they stand at one moment.

        Raises:
            SetupError: the server refuses; the message has its last line.
        """
        target.touch(mode=0o600)
        with self._open_client(*DUMP, *databases) as (client, said), gzip.open(target, "wb", compresslevel=3) as file:
            assert client.stdout is not None
            shutil.copyfileobj(client.stdout, file)
            _require_well_ended(client, said)

    def load(self, source: Path) -> None:
        """Run a compressed file of SQL on the server.

        Raises:
            SetupError: the server refuses; the message has its last line.
        """
        with self._open_client(*LOAD, stdin=subprocess.PIPE) as (client, said), gzip.open(source, "rb") as file:
            assert client.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # of a client that ended early; why, it says itself
                shutil.copyfileobj(file, client.stdin)
                client.stdin.close()
            _require_well_ended(client, said)

    def _open_client(self, *command: str, stdin: int = subprocess.DEVNULL) -> _Client:
        arguments = ["docker", "compose", "exec", "--no-TTY", SERVER, "sh", "-c", AS_ROOT, *command]
        return _Client(arguments, self.folder, stdin)

    def _run(self, command: list[str]) -> str:
        try:
            ended = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        except FileNotFoundError as err:
            raise SetupError("There is no Docker here: its client with Compose v2 is needed.") from err
        if ended.returncode != 0:
            raise SetupError(f"`{' '.join(command[:4])} ...` failed: {_last_line(ended.stderr or ended.stdout)}")
        return ended.stdout


class _Client:
    """A program in the server's container, whose output is a stream; what it says on stderr goes into a file."""

    def __init__(self, command: list[str], folder: Path, stdin: int):
        self._command, self._folder, self._stdin = command, folder, stdin

    def __enter__(self) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, stdin=self._stdin, stdout=subprocess.PIPE, stderr=self._said
        )
        return self._process, self._said

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _require_well_ended(client: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    if client.wait() != 0:
        said.seek(0)
        raise SetupError(f"The database server refused: {_last_line(said.read().decode(errors='replace'))}")


def _last_line(text: str) -> str:
    return (text.strip() or "nothing was said").splitlines()[-1]
