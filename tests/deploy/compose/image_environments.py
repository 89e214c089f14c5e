"""Make what an image runs in, without an engine: its packages in a virtual environment, its files in a folder.

The packages are those that the Dockerfile's own `pip install` lines choose. An environment is kept in the user's cache
folder under the hash of all that decides about it, so a change of the lock or of a requirement makes a new one.
Two things differ from a build: Debian's packages are this machine's, and torch (two gigabytes in its ordinary build)
is the one that set-up chose for it.
"""

import ast
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from tests.deploy.compose.dockerfiles import ROOT, copied, copies, last_stage, pip_commands, variables

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "31ie" / "images"
KEPT_OF_AN_IMAGE = 2
IN_USE_SECONDS = 3600
INSTALL_SECONDS = 1200
IMPORT_SECONDS = 180
ONLY_IN_A_BUILD = {"--no-cache-dir"}
WHEELS_OF_ANOTHER_STAGE = ["--find-links", "/wheels"]

CHECK = """\
import importlib, importlib.metadata, importlib.util, json, sys
wanted = json.loads(sys.argv[1])
for name in wanted["modules"]:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None and wanted["runs"]:
        name += ".__main__"
    importlib.import_module(name)
for script in wanted["scripts"]:
    points = importlib.metadata.entry_points(group="console_scripts", name=script)
    if not points:
        sys.exit(f"no package of the image brings the program {script!r}")
    next(iter(points)).load()
for module, attribute in wanted["attributes"]:
    getattr(importlib.import_module(module), attribute)
"""


class Started(NamedTuple):
    """What a command needs of its image.

    Attributes:
        modules: modules that it imports or runs with `python -m`.
        runs: whether the modules are run.
        scripts: programs that a Python package brings.
        attributes: `module:attribute` that a server is told to serve.
        files: files of the image that a shell runs.
    """

    modules: tuple[str, ...] = ()
    runs: bool = False
    scripts: tuple[str, ...] = ()
    attributes: tuple[tuple[str, ...], ...] = ()
    files: tuple[str, ...] = ()


def read_command(command: list[str]) -> Started:
    """Take a container's command apart.

    Raises:
        ValueError: it is of a kind that this cannot check.
    """
    program, *arguments = command
    if program == "python" and arguments[:1] == ["-m"]:
        return Started(modules=(arguments[1],), runs=True)
    if program == "python" and arguments[:1] == ["-c"]:
        return Started(modules=tuple(imports_of(arguments[1])))
    if program == "sh" and arguments and not arguments[0].startswith("-"):
        return Started(files=(arguments[0],))
    if program in {"python", "sh"}:
        raise ValueError(f"cannot tell what {command} imports: teach read_command")
    served = tuple(tuple(word.split(":")) for word in arguments if _is_served(word))
    return Started(scripts=(program,), attributes=served)


def imports_of(code: str) -> list[str]:
    """List the modules that a piece of code imports."""
    nodes = list(ast.walk(ast.parse(code)))
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return [*whole, *(str(node.module) for node in nodes if isinstance(node, ast.ImportFrom))]


def modules_of(folder: Path) -> list[str]:
    """List the modules of a package, without the migrations, which Alembic alone can load."""
    files = [file.relative_to(folder.parent).with_suffix("") for file in sorted(folder.rglob("*.py"))]
    parts = [file.parts[:-1] if file.name == "__init__" else file.parts for file in files]
    return [".".join(names) for names in parts if not any(name.endswith("migrations") for name in names)]


def steps_of(dags: Path, tree: Path) -> list[str]:
    """List the modules of a tree that its workflows name: what their tasks run as `python -m ...`."""
    nodes = [node for file in dags.glob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    dotted = [text for text in texts if "." in text and text.replace(".", "").isidentifier()]
    paths = {text: tree / text.replace(".", "/") for text in dotted}
    modules = [text for text, path in paths.items() if path.with_suffix(".py").is_file()]
    packages = [f"{text}.__main__" for text, path in paths.items() if (path / "__main__.py").is_file()]
    return sorted([*modules, *packages])


def make_environments(dockerfiles: list[str]) -> dict[str, Path]:
    """Make the environments of several images, as many at once as there are processors.

    Returns:
        The folder of each, by Dockerfile.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    _forget_unused()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return dict(zip(dockerfiles, pool.map(make_environment, dockerfiles), strict=True))


def make_environment(dockerfile: str) -> Path:
    """Make an image's environment, or take the one that is kept.

    Raises:
        RuntimeError: pip failed; its last words are in the message.
    """
    folder = CACHE / f"{Path(dockerfile).parent.name}-{_fingerprint(dockerfile)}"
    whole = folder / "whole"
    with _locked(folder.with_suffix(".lock")):
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
            if _asks_for_torch(dockerfile):
                _link_torch(folder)
            _install(dockerfile, folder)
        whole.touch()
    return folder


def copy_tree(dockerfile: str, root: Path) -> Path:
    """Lay out an image's files: exactly what its Dockerfile copies from the project.

    Returns:
        The folder that stands for the image's `/app`.
    """
    app = root / "app"
    for sources, target in copies(last_stage(dockerfile)):
        (app / target).mkdir(parents=True, exist_ok=True)
        for source in (ROOT / name for name in sources):
            if source.is_dir():
                shutil.copytree(source, app / target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy(source, app / target)
    return app


def run_program(
    dockerfile: str, environment: Path, app: Path, command: list[str], settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program as the image would: its packages, its files, its own variables and nothing of this machine's.

    Paths of the image's variables point below the folder that holds `app`.
    """
    root = app.parent
    own = {name: f"{root}{value}" if value.startswith("/") else value for name, value in variables(dockerfile).items()}
    ours = {"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "PYTHONNOUSERSITE": "1"}
    ours["PYTHONDONTWRITEBYTECODE"] = ""  # the next run finds the kept environment compiled
    (root / "tmp").mkdir(exist_ok=True)
    program, *arguments = command
    return subprocess.run(
        [str(environment / "bin" / program), *arguments],
        cwd=app,
        env={"HOME": str(root / "tmp"), "TMPDIR": str(root / "tmp"), **own, **ours, **(settings or {})},
        capture_output=True,
        text=True,
        timeout=IMPORT_SECONDS,
        check=False,
    )


def import_started(dockerfile: str, environment: Path, app: Path, started: Started) -> str:
    """Import in an image what a command needs.

    Returns:
        What went wrong, or nothing.
    """
    missing = [file for file in started.files if not (app / file).is_file()]
    if missing:
        return f"the image lacks {missing}"
    finished = run_program(dockerfile, environment, app, ["python", "-c", CHECK, json.dumps(started._asdict())])
    return finished.stderr[-3000:] if finished.returncode else ""


def _asks_for_torch(dockerfile: str) -> bool:
    """Return whether a requirement file of an image, locks apart, names torch."""
    texts = [(ROOT / source).read_text() for source in _requirement_files(dockerfile) if source.endswith(".in")]
    return any(re.search(r"^torch\b", text, re.MULTILINE) for text in texts)


def _requirement_files(dockerfile: str) -> list[str]:
    """List the requirement files and the locks that an image takes."""
    return sorted({source for source in copied(dockerfile) if Path(source).name.startswith("requirements")})


def _is_served(word: str) -> bool:
    module, _, attribute = word.partition(":")
    return attribute.isidentifier() and module.replace(".", "_").isidentifier()


def _fingerprint(dockerfile: str) -> str:
    """Hash all that decides about an image's packages: the interpreter, pip's lines, the requirements, the lock."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()} {pip_commands(dockerfile)}".encode())
    for source in _requirement_files(dockerfile):
        digest.update(f"\n{source}\n".encode() + (ROOT / source).read_bytes())
    if _asks_for_torch(dockerfile):
        digest.update(sys.prefix.encode())  # where the torch lies that is linked
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time make an environment."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_unused() -> None:
    """Remove all environments of an image but those used last; one may weigh more than a gigabyte."""
    used = {whole.parent: whole.stat().st_mtime for whole in CACHE.glob("*/whole")}
    for image in {environment.name.rpartition("-")[0] for environment in used}:
        of_image = [environment for environment in used if environment.name.rpartition("-")[0] == image]
        for environment in sorted(of_image, key=used.__getitem__, reverse=True)[KEPT_OF_AN_IMAGE:]:
            if time.time() - used[environment] > IN_USE_SECONDS:
                shutil.rmtree(environment, ignore_errors=True)


def _link_torch(environment: Path) -> None:
    """Let an environment see the torch of this one: a requirement of it counts as met."""
    try:
        torch = distribution("torch")
    except PackageNotFoundError:
        return
    (site,) = (environment / "lib").glob("python*/site-packages")
    for name in {file.parts[0] for file in torch.files or [] if file.parts[0] != ".."}:
        (site / name).symlink_to(Path(str(torch.locate_file(name))))


def _install(dockerfile: str, environment: Path) -> None:
    """Run the Dockerfile's pip lines for an environment."""
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "--disable-pip-version-check"]
    for arguments in pip_commands(dockerfile):
        words = [word for word in arguments if word not in {*ONLY_IN_A_BUILD, *WHEELS_OF_ANOTHER_STAGE}]
        finished = subprocess.run(
            [*pip, "install", "--quiet", "--no-compile", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(f"{dockerfile}: pip install {' '.join(words)} failed:\n{finished.stderr[-3000:]}")
