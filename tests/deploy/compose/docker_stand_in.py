"""A program `docker` for tests of what asks it: volumes are folders, a server's databases are a file of SQL.

A command of ours that would run in a container runs as a process. What asks the real one is in tests/containers.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = """\
import json, os, pathlib, subprocess, sys
place = pathlib.Path({place!r})
asked = sys.argv[1:]
with (place / "asked").open("a") as file:
    file.write(json.dumps(asked) + "\\n")
broken = (place / "broken").read_text() if (place / "broken").exists() else ""
if broken and broken in " ".join(asked):
    sys.exit("a warning\\nout of order: " + broken)
sql = place / "databases.sql"
match asked:
    case ["compose", "config", *_]:
        print(json.dumps({{"name": "shop"}}))
    case ["volume", "ls", *_]:
        print((place / "volumes").read_text())
    case ["compose", "run", *words] if words[-1] == "--json":
        module, command = words[-3:-1]
        (mount,) = [word for word in asked if ":/backup:" in word]
        var = "mlflow" if "mlflow" in module else "var"
        given = {{"VAR_DIR": var, "ML_STORE_URI": "store", "MLFLOW_ARTIFACTS_URI": "artifacts"}}
        settings = {{name: str(place / folder) for name, folder in given.items()}}
        words = [sys.executable, "-m", module, command, "--backup", mount.partition(":")[0], "--json"]
        sys.exit(subprocess.run(words, cwd={root!r}, env=os.environ | settings).returncode)
    case ["compose", "exec", _, _, _, _, _, "mysqldump", "--single-transaction", _, _, _, _, "--databases", *names]:
        sys.stdout.write(" ".join(names) + "\\n" + sql.read_text())
    case ["compose", "exec", _, _, _, _, _, "mysql", _]:
        sql.write_text(sys.stdin.read())
    case ["compose", "build" | "up" | "down" | "run", *_]:
        pass
    case _:
        sys.exit(f"nobody expected {{asked}}")
"""


@dataclass(frozen=True)
class DockerStandIn:
    """Where a stand-in keeps its volumes, and what it was asked."""

    place: Path

    @property
    def asked(self) -> list[str]:
        """What it was asked to do, each as one line."""
        path = self.place / "asked"
        return [" ".join(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []

    def break_at(self, words: str) -> None:
        """Let it fail where it is asked for this."""
        (self.place / "broken").write_text(words)

    def have_volumes(self, names: str) -> None:
        """Let it know these volumes."""
        (self.place / "volumes").write_text(names)


def put_on_path(bin_folder: Path, place: Path) -> DockerStandIn:
    """Write the program into a folder, with empty volumes in another one."""
    for name in ("var", "store", "artifacts", "mlflow"):
        (place / name).mkdir(parents=True)
    for name in ("shop", "platform"):
        (place / "var" / f"{name}.db").touch()
    bin_folder.mkdir(exist_ok=True)
    script, program = bin_folder / "docker.py", bin_folder / "docker"
    script.write_text(SCRIPT.format(place=str(place), root=str(ROOT)))
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')  # a first line takes no space in a path
    program.chmod(0o755)
    stand_in = DockerStandIn(place)
    stand_in.have_volumes("")
    return stand_in
