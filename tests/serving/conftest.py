"""A small real loop up to a trained version, made once; and a registry that stands in for MLflow at its border."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from features.rebuild import rebuild
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from serving import score
from serving.batch.batch_state import name_batch
from serving.batch.job import Scoring
from settings import Settings
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.tables import name_model
from training.config import TrainingConfig
from training.fit import fit
from training.ranking.ranker import Ranker
from training.registry.client import NamedVersion, Registry
from training.registry.errors import RegistryError
from training.version.files import verify_folder, write_manifest

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
NUM_BUCKETS = 3
SMALL = TrainingConfig.model_validate(
    {
        "model": {"hidden_dims": [16], "embedding_size": 4, "product_hidden_dims": [8]},
        "data": {"num_windows": 1, "num_candidates": 150, "list_size": 32},
        "optimiser": {"epochs": 1, "batch_size": 16},
    }
)


LATE_ORDER = (
    "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount, created_at, updated_at)"
    " VALUES (:order, 1, 'delivered', :at, 31, :at, :at)"
)
LATE_ITEM = (
    "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, discount_amount, created_at,"
    " updated_at) VALUES (:item, :order, 57, 1, 31, 0, :at, :at)"
)


@dataclass(frozen=True)
class TrainedShop:
    """A synthetic shop, its snapshot as of AS_OF, and a version trained on it. Read, never changed, by tests."""

    database: Path
    store: MLStore
    snapshot: Snapshot
    folder: Path
    ranker: Ranker

    def model(self, version: int) -> str:
        """Name the version under a number, as batches do."""
        return name_model(version, self.ranker.content_hash)

    def batch_id(self, version: int) -> str:
        """Name the batch of the version under a number."""
        return name_batch(AS_OF, self.model(version), self.snapshot.snapshot_id)

    def score_as(self, version: int, engine: Engine) -> Scoring:
        """Score with the version under a number."""
        return Scoring(version, self.ranker, self.store, AS_OF, self.snapshot.snapshot_id, engine)


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
    rebuild(store, AS_OF, NUM_BUCKETS)
    snapshot = Snapshot.open(store)
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
class ScriptedRegistry(Registry):
    """MLflow as serving sees it: aliases, folders of versions, tags, and being down."""

    aliases: dict[str, int] = field(default_factory=dict)
    folders: dict[int, Path] = field(default_factory=dict)
    run_ids: dict[int, str] = field(default_factory=dict)
    written_tags: dict[int, dict[str, str]] = field(default_factory=dict)
    is_down: bool = False
    model_name: str = "wide_deep"

    def resolve_version(self, alias: str) -> NamedVersion | None:
        self._require_up()
        version = self.aliases.get(alias)
        return None if version is None else NamedVersion(version, self.run_id_of(version))

    def run_id_of(self, version: int) -> str:
        self._require_up()
        return self.run_ids.get(version, f"run-of-{version}")

    def download(self, run_id: str, folder: Path) -> None:
        self._require_up()
        [version] = [version for version in self.folders if self.run_id_of(version) == run_id]
        shutil.copytree(self.folders[version], folder)
        verify_folder(folder)

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


def reissue(folder: Path, target: Path) -> Path:
    """Copy a version so that it is another one: other bytes, the same scores."""
    shutil.copytree(folder, target)
    golden = target / "golden.json"
    golden.write_text(json.dumps(json.loads(golden.read_text()), indent=1))
    write_manifest(target)
    return target


@dataclass(frozen=True)
class LateRows:
    """A copy of the store, and 30 orders of product 57 by user 1 before AS_OF that are still to come."""

    store: MLStore
    shop: Engine

    def arrive(self) -> None:
        """Add the orders, sync, and rebuild the same instant."""
        with self.shop.begin() as connection:
            for number in range(90_001, 90_031):
                at = f"{AS_OF - timedelta(days=1 + number % 12):%Y-%m-%d %H:%M:%S.%f}"
                values = {"order": number, "item": 900_000 + number, "at": at}
                connection.execute(text(LATE_ORDER), values)
                connection.execute(text(LATE_ITEM), values)
        sync_shop(self.shop, self.store)
        rebuild(self.store, AS_OF, NUM_BUCKETS)


@pytest.fixture
def late_rows(trained_shop: TrainedShop, shop_of_version: Engine, tmp_path: Path) -> LateRows:
    shutil.copytree(trained_shop.store.uri, tmp_path / "late")
    return LateRows(MLStore(str(tmp_path / "late")), shop_of_version)


@pytest.fixture
def registry(trained_shop: TrainedShop) -> ScriptedRegistry:
    """A registry whose champion is version 1; version 2 holds the same files."""
    return ScriptedRegistry({"champion": 1}, {1: trained_shop.folder, 2: trained_shop.folder})


@pytest.fixture
def command(
    trained_shop: TrainedShop,
    shop_of_version: Engine,
    registry: ScriptedRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ScriptedRegistry:
    """The registry of `serving.score`, whose settings and registry are the test's."""
    url = shop_of_version.url.render_as_string(hide_password=False)
    settings = Settings(var_dir=tmp_path, ml_store_uri=trained_shop.store.uri, platform_database_url=url)
    monkeypatch.setattr(score, "load_settings", lambda: settings)
    monkeypatch.setattr(score, "connect", lambda *_: registry)
    return registry
