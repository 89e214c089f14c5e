"""A small synthetic shop and its ML store: enough structure to learn from in seconds."""

from datetime import UTC, date, datetime
from pathlib import Path

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from training.config import DataConfig, ModelConfig, OptimiserConfig, TrainingConfig

END = date(2026, 1, 31)
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)

SMALL_CONFIG = TrainingConfig(
    model=ModelConfig(hidden_dims=[32, 16], num_members=2, product_hidden_dims=[16], vocabulary_size=100),
    data=DataConfig(num_windows=2, stride_days=28, num_candidates=120, list_size=48),
    optimiser=OptimiserConfig(epochs=2, min_steps=120, batch_size=32),
)


def fill_synthetic_shop(url: str, *, num_users: int = 150, num_products: int = 200, num_orders: int = 3000) -> None:
    """Write the shop into a database."""
    engine = open_engine(url)
    batches = build_synthetic_shop(SyntheticShape(num_users, num_products, num_orders), seed=7, end_date=END)
    write_shop(engine, batches, replace=False, report=lambda line: None)
    engine.dispose()


def make_synthetic_store(folder: Path) -> MLStore:
    """Write the shop and sync it into a store."""
    url = f"sqlite:///{folder / 'shop.db'}"
    fill_synthetic_shop(url)
    store = MLStore(str(folder / "store"))
    engine = open_engine(url)
    sync_shop(engine, store)
    engine.dispose()
    return store
