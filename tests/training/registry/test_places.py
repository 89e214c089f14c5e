"""Experiment, model and version on MLflow's SQLite backend, asked for again as after an answer that came too late."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from training.registry.places import EXPERIMENT, ensure_experiment, ensure_model, register_version

NAME = "wide_deep"


def send_twice(send: Callable[..., Any]) -> Callable[..., Any]:
    """Send a request again, and hear the second answer alone."""

    def twice(*arguments: Any, **options: Any) -> Any:
        send(*arguments, **options)
        return send(*arguments, **options)

    return twice


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(uri, uri)
    for name in ("create_experiment", "create_registered_model", "create_model_version"):
        monkeypatch.setattr(client, name, send_twice(getattr(client, name)))
    return client


def test_what_was_made_by_a_request_without_an_answer_is_used(client: MlflowClient) -> None:
    ensure_model(client, NAME)

    experiment = ensure_experiment(client)

    assert client.get_registered_model(NAME).description.startswith("Wide & Deep")
    assert client.get_experiment_by_name(EXPERIMENT).experiment_id == experiment
    assert ensure_experiment(client) == experiment


def test_a_run_registers_one_version(client: MlflowClient) -> None:
    ensure_model(client, NAME)
    runs = [client.create_run(ensure_experiment(client)).info for _ in range(2)]

    registered = [
        register_version(client, NAME, run.run_id, f"{run.artifact_uri}/model", {"verdict": "promote"}, "so.")
        for run in runs
    ]

    kept = client.search_model_versions(f"name = '{NAME}'")
    expected = dict(zip(registered, (run.run_id for run in runs), strict=True))
    assert registered[0] == 1
    assert {int(each.version): each.run_id for each in kept} == expected
    assert {each.tags["verdict"] for each in kept} == {"promote"}


def test_a_refusal_is_passed_on(client: MlflowClient) -> None:
    with pytest.raises(MlflowException, match="name"):
        ensure_model(client, "")
