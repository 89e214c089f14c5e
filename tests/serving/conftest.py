"""A small real loop up to a trained version, made once; and a registry that stands in for MLflow at its border."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.rebuild import rebuild
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from training.config import TrainingConfig
from training.fit import fit
from training.ranking.ranker import Ranker
from training.registry.client import RegistryError
from training.version.files import verify_folder

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
NUM_BUCKETS = 3
SMALL = TrainingConfig.model_validate(
    {
        "model": {"hidden_dims": [16], "embedding_size": 4, "product_hidden_dims": [8]},
        "data": {"num_windows": 1, "num_candidates": 150, "list_size": 32},
        "optimiser": {"epochs": 1, "batch_size": 16},
    }
)


@dataclass(frozen=True)
class TrainedShop:
    """A synthetic shop, its snapshot as of AS_OF, and a version trained on it. Read, never changed, by tests."""

    database: Path
    store: MLStore
    snapshot: Snapshot
    folder: Path
    ranker: Ranker


@pytest.fixture(scope="session")
def trained_shop(tmp_path_factory: pytest.TempPathFactory) -> TrainedShop:
    """Load, sync, rebuild, train: every part real, all of it small."""
    home = tmp_path_factory.mktemp("trained")
    engine = open_engine(f"sqlite:///{home / 'shop.db'}")
    shape = SyntheticShape(num_users=150, num_products=200, num_orders=2000)
    write_shop(engine, build_synthetic_shop(shape, seed=3, end_date=date(2026, 6, 30)), replace=False, report=str)
    store = MLStore(str(home / "store"))
    sync_shop(engine, store)
    engine.dispose()
    snapshot = rebuild(store, AS_OF, NUM_BUCKETS)
    folder = home / "version"
    fit(load_purchases(store, AS_OF), SMALL, folder, lambda *_: None)
    return TrainedShop(home / "shop.db", store, snapshot, folder, Ranker.load(folder))


@pytest.fixture
def shop_of_version(trained_shop: TrainedShop, tmp_path: Path) -> Iterator[Engine]:
    """A copy of the trained shop's database to publish into."""
    shutil.copyfile(trained_shop.database, tmp_path / "shop.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    yield engine
    engine.dispose()


@dataclass
class ScriptedRegistry:
    """MLflow as serving sees it: aliases, folders of versions, tags, and being down."""

    aliases: dict[str, int] = field(default_factory=dict)
    folders: dict[int, Path] = field(default_factory=dict)
    written_tags: dict[int, dict[str, str]] = field(default_factory=dict)
    is_down: bool = False

    def resolve_alias(self, alias: str) -> int | None:
        self._require_up()
        return self.aliases.get(alias)

    def download(self, version: int, folder: Path) -> Path:
        if not folder.is_dir():
            self._require_up()
            shutil.copytree(self.folders[version], folder)
        verify_folder(folder)
        return folder

    def tags(self, version: int) -> dict[str, str]:
        self._require_up()
        return dict(self.written_tags.get(version, {}))

    def untag(self, version: int, key: str) -> None:
        self._require_up()
        del self.written_tags[version][key]

    def tag(self, version: int, key: str, value: str) -> None:
        self._require_up()
        self.written_tags.setdefault(version, {})[key] = value

    def ensure_webhook(self, name: str, url: str, secret: str) -> None:
        self._require_up()

    def _require_up(self) -> None:
        if self.is_down:
            raise RegistryError("MLflow says: connection refused")


@pytest.fixture
def registry(trained_shop: TrainedShop) -> ScriptedRegistry:
    """A registry whose champion is version 1; version 2 holds the same files."""
    return ScriptedRegistry({"champion": 1}, {1: trained_shop.folder, 2: trained_shop.folder})
