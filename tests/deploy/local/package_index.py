"""A package index on loopback, of wheels that are made on the spot, for a real pip to install from."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Index:
    """A running index: where it answers, the folder that it serves, and what was asked of it."""

    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    def wheels_taken(self) -> list[str]:
        """Names of the wheels that were downloaded, not only looked at."""
        return [path.rsplit("/", 1)[1] for path in self.asked if path.endswith(".whl")]


def make_wheel(folder: Path, name: str, version: str, requires: list[str] | None = None, code: str = "") -> Path:
    """Write a wheel of one module that is named like the package."""
    module, stem = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in requires or [])
    files = {
        f"{module}.py": code,
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{stem}.dist-info/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{stem}.dist-info/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def publish(folder: Path, name: str, version: str, requires: list[str] | None = None, code: str = "") -> None:
    """Add a wheel to an index's folder, its metadata beside it (PEP 658) and on the package's page (PEP 503)."""
    wheel = make_wheel(folder / name, name, version, requires, code)
    with zipfile.ZipFile(wheel) as archive:
        [path] = [path for path in archive.namelist() if path.endswith("/METADATA")]
        metadata = archive.read(path)
    Path(f"{wheel}.metadata").write_bytes(metadata)
    digest = f"sha256={hashlib.sha256(metadata).hexdigest()}"
    with (folder / name / "index.html").open("a", encoding="utf-8") as page:
        page.write(f'<a href="{wheel.name}" data-core-metadata="{digest}">{wheel.name}</a>\n')


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """Serve a folder as an index until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Index(f"http://127.0.0.1:{server.server_port}", folder, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
