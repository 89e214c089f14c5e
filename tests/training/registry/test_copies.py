"""Copies belong to runs: a number that comes again never names the files of another run."""

from pathlib import Path

import pytest

from training.registry.client import CONTENTS, Registry
from training.registry.copies import fetch_copy, refetch_copy
from training.version.files import ArtefactError, hash_file, identify


class RunsOfOneNumber(Registry):
    """A registry whose version 1 is of one run, and after a rename of another."""

    def __init__(self, runs: dict[str, Path]):
        self.runs = runs
        self.version_tags: dict[str, str] = {}
        self.run_id = next(iter(runs))

    def run_id_of(self, version: int) -> str:
        return self.run_id

    def tags(self, version: int) -> dict[str, str]:
        return dict(self.version_tags)

    def tag(self, version: int, key: str, value: str) -> None:
        self.version_tags[key] = value

    def download(self, run_id: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        for path in self.runs[run_id].iterdir():
            (folder / path.name).write_bytes(path.read_bytes())


@pytest.fixture
def registry(version_folder: Path) -> RunsOfOneNumber:
    return RunsOfOneNumber({"first": version_folder, "second": version_folder})


def test_a_copy_is_named_by_its_run_and_found_by_its_number(registry: RunsOfOneNumber, tmp_path: Path) -> None:
    models = tmp_path / "models"

    folder = fetch_copy(registry, 1, models)

    assert folder == models / "first"
    assert (models / "1").resolve() == folder
    assert hash_file(models / "1" / "model.onnx") == hash_file(folder / "model.onnx")


def test_a_number_that_comes_again_gets_the_files_of_its_new_run(registry: RunsOfOneNumber, tmp_path: Path) -> None:
    models = tmp_path / "models"
    fetch_copy(registry, 1, models)

    registry.run_id = "second"

    assert fetch_copy(registry, 1, models) == (models / "1").resolve() == models / "second"
    assert (models / "first").is_dir()  # whoever serves it still reads it


def test_a_version_without_the_hash_of_its_files_is_given_it_when_it_is_read_first(
    registry: RunsOfOneNumber, tmp_path: Path
) -> None:
    folder = fetch_copy(registry, 1, tmp_path / "models")

    assert registry.version_tags == {CONTENTS: identify(folder)}


def test_a_copy_of_earlier_code_by_number_alone_gives_way(registry: RunsOfOneNumber, tmp_path: Path) -> None:
    (tmp_path / "models" / "1").mkdir(parents=True)

    assert fetch_copy(registry, 1, tmp_path / "models") == tmp_path / "models" / "first"
    assert (tmp_path / "models" / "1").is_symlink()


def test_a_damaged_copy_is_refused_until_it_is_fetched_anew(registry: RunsOfOneNumber, tmp_path: Path) -> None:
    (fetch_copy(registry, 1, tmp_path / "models") / "model.onnx").write_bytes(b"bit rot")

    with pytest.raises(ArtefactError, match="altered"):
        fetch_copy(registry, 1, tmp_path / "models")

    refetch_copy(registry, 1, tmp_path / "models")
    fetch_copy(registry, 1, tmp_path / "models")
