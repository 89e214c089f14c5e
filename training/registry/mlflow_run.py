"""An open MLflow run, into which a training logs."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Metric

from training.registry.errors import mlflow_errors


class Run:
    """An open training run."""

    def __init__(self, client: MlflowClient, run_id: str):
        self._client = client
        self.run_id = run_id

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log numbers, of an epoch or of the whole run."""
        with mlflow_errors():
            rows = [Metric(key, float(value), 0, step) for key, value in metrics.items()]
            self._client.log_batch(self.run_id, metrics=rows)

    def log_inputs(self, tables: Sequence[DatasetInput]) -> None:
        """Name the tables that the run reads."""
        with mlflow_errors():
            self._client.log_inputs(self.run_id, list(tables))

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as a file of the run."""
        with mlflow_errors():
            self._client.log_text(self.run_id, text, path)

    def log_figure(self, figure: Any, path: str) -> None:
        """Keep a matplotlib figure as an image of the run."""
        with mlflow_errors():
            self._client.log_figure(self.run_id, figure, path)
