"""Input tables of a training run as MLflow shows them: name, version, columns, number of rows, and where they lie."""

import json
import warnings
from collections.abc import Mapping
from datetime import datetime

import mlflow.data
import polars as pl
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag

from features.store import MLStore

READ_TABLES = ("users", "products", "orders", "order_items", "user_coupons")
# Rows that columns and types are told from; the number of rows is counted over all.
SAMPLE_ROWS = 1_000


def describe_inputs(store: MLStore, versions: Mapping[str, int], as_of: datetime) -> list[DatasetInput]:
    """Describe the tables that features are computed from, as of an instant.

    Args:
        store: the ML store.
        versions: table versions that were read.
        as_of: the run's instant; later rows do not count.
    """
    tables = [name for name in READ_TABLES if name in versions]
    return [DatasetInput(_describe_table(store, name, versions, as_of), [_TRAINING]) for name in tables]


_TRAINING = InputTag("mlflow.data.context", "training")


def _describe_table(store: MLStore, name: str, versions: Mapping[str, int], as_of: datetime) -> Dataset:
    rows = store.as_of(name, as_of, versions)
    num_rows = rows.select(pl.len()).collect().item()
    sample = rows.with_columns(pl.col(pl.Decimal).cast(pl.Float64)).head(SAMPLE_ROWS).collect()
    source = DeltaDatasetSource(path=store.files.path(name), delta_table_version=versions[name])
    with warnings.catch_warnings():  # a hint about missing integers, for whoever would train on the sample
        warnings.filterwarnings("ignore", message="Hint: Inferred schema contains integer", category=UserWarning)
        described = mlflow.data.from_pandas(
            sample.to_pandas(), source=source, name=name, digest=f"v{versions[name]}"
        ).to_dict()
    profile = json.dumps({"num_rows": num_rows, "num_columns": sample.width})
    return Dataset(**{**described, "profile": profile})
