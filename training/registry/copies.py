"""Local copies of versions: one folder a run, and beside them a link by number to the newest run of that number.

A number can come again (a renamed model, a new MLflow database), a run's id cannot. The links are for people.
"""

import shutil
import uuid
from pathlib import Path

from training.registry.client import CONTENTS, Registry
from training.version.files import identify, verify_folder


def fetch_copy(registry: Registry, version: int, models: Path) -> Path:
    """Get the folder of a version; a copy of its run that is there and whole is kept.

    A version that does not carry the hash of its files, of earlier code or registered by hand, is given it.

    Args:
        registry: says which run a version is of.
        version: number.
        models: folder of the copies.

    Returns:
        The copy's folder, named by the run.

    Raises:
        training.version.files.ArtefactError: a file is missing, altered or unexpected.
        training.registry.errors.RegistryError: MLflow could not be reached, or has no such version.
    """
    run_id = registry.run_id_of(version)
    folder = models / run_id
    if folder.is_dir():
        verify_folder(folder)
    else:
        registry.download(run_id, folder)
    if CONTENTS not in registry.tags(version):
        registry.tag(version, CONTENTS, identify(folder))
    _link(models / str(version), folder)
    return folder


def refetch_copy(registry: Registry, version: int, models: Path) -> Path:
    """Get the folder of a version whose copy was damaged on disk.

    Raises:
        training.version.files.ArtefactError: what MLflow holds is no better.
        training.registry.errors.RegistryError: MLflow could not be reached, or has no such version.
    """
    shutil.rmtree(models / registry.run_id_of(version))
    return fetch_copy(registry, version, models)


def _link(link: Path, folder: Path) -> None:
    if link.is_symlink() and link.resolve() == folder.resolve():
        return
    if link.is_dir() and not link.is_symlink():  # a copy by number alone, of which nobody knows the run
        shutil.rmtree(link)
    part = link.with_name(f".link-{uuid.uuid4().hex}")
    part.symlink_to(folder.name)
    part.replace(link)
