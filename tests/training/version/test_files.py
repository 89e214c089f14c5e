import json
from pathlib import Path

import pytest

from training.ranking.ranker import Ranker
from training.version.files import GOLDEN, MANIFEST, MODEL, ArtefactError, hash_file, verify_folder


def test_a_whole_folder_loads_and_scores_its_golden_rows(version_folder: Path) -> None:
    assert Ranker.load(version_folder).check_golden() <= 1e-6


@pytest.mark.parametrize("name", ["model.onnx", "twin.onnx", "encoder.json", "config.yaml", "golden.json"])
def test_a_missing_file_is_refused_by_name(version_folder: Path, name: str) -> None:
    (version_folder / name).unlink()

    with pytest.raises(ArtefactError, match=f"{name} is missing"):
        Ranker.load(version_folder)


def test_an_altered_file_is_refused_before_it_is_loaded(version_folder: Path) -> None:
    path = version_folder / MODEL
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    with pytest.raises(ArtefactError, match=r"model.onnx was altered"):
        Ranker.load(version_folder)


@pytest.mark.parametrize("name", ["model.pkl", "code/hook.py"])
def test_unexpected_files_are_refused(version_folder: Path, name: str) -> None:
    path = version_folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"anything")

    with pytest.raises(ArtefactError, match="Unexpected files"):
        verify_folder(version_folder)


def test_golden_rows_that_differ_are_refused(version_folder: Path) -> None:
    golden = json.loads((version_folder / GOLDEN).read_text())
    golden["product_scores"][0] += 1e-4
    (version_folder / GOLDEN).write_text(json.dumps(golden))
    manifest = json.loads((version_folder / MANIFEST).read_text())
    manifest[GOLDEN] = hash_file(version_folder / GOLDEN)
    (version_folder / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(ArtefactError, match="Golden rows differ"):
        Ranker.load(version_folder).check_golden()


def test_a_folder_without_manifest_is_no_version(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="holds no manifest"):
        verify_folder(tmp_path)
