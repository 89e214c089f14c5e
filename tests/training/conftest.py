"""One small version, trained once a session as of `tests.support.synthetic.AS_OF`."""

from pathlib import Path

import pytest

from features.rebuild import rebuild
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.fit import Fitted, fit
from training.ranking.ranker import Ranker


@pytest.fixture(scope="session")
def fitted(synthetic_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("version") / "version"
    return fit(load_purchases(synthetic_store, AS_OF), SMALL_CONFIG, folder, lambda epoch, metrics: None)


@pytest.fixture
def version_folder(fitted: Fitted, tmp_path: Path) -> Path:
    """A copy of the version's files, to be spoilt."""
    folder = tmp_path / "version"
    folder.mkdir()
    for path in fitted.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="session")
def ranker(fitted: Fitted) -> Ranker:
    return Ranker.load(fitted.folder)


@pytest.fixture(scope="session")
def snapshot(synthetic_store: MLStore) -> Snapshot:
    rebuild(synthetic_store, AS_OF, num_buckets=3)
    return Snapshot.open(synthetic_store, AS_OF)
