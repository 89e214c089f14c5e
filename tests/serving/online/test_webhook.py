import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.webhooks.delivery import _generate_hmac_signature
from starlette.testclient import TestClient

from serving.online.webhook import MAX_AGE_SECONDS, MAX_BYTES, AliasEvent, ask_for_calls, ensure_secret, make_receiver
from training.registry.client import Registry

SECRET = "a secret of this test"
SENT_AT = datetime(2026, 6, 1, 12, 30, 0, 123456, tzinfo=UTC)
BODY = (
    '{"entity": "model_version_alias", "action": "created", "timestamp": "2026-06-01T12:30:00.123456+00:00", '
    '"data": {"name": "wide_deep", "alias": "champion", "version": "2"}}'
)
GONE = (
    '{"entity": "model_version_alias", "action": "deleted", "timestamp": "2026-06-01T12:30:00.123456+00:00", '
    '"data": {"name": "wide_deep", "alias": "champion"}}'
)


@pytest.fixture
def looks() -> list[str]:
    return []


@pytest.fixture
def told() -> list[AliasEvent]:
    return []


@pytest.fixture
def receiver(looks: list[str], told: list[AliasEvent]) -> TestClient:
    return TestClient(make_receiver(SECRET, lambda: looks.append("looked"), told.append))


def sign(body: str, secret: str = SECRET, age_seconds: float = 0) -> dict[str, str]:
    """Sign as MLflow itself does."""
    timestamp = str(int(time.time() - age_seconds))
    signature = _generate_hmac_signature(secret, "delivery-1", timestamp, body)
    return {"X-MLflow-Signature": signature, "X-MLflow-Timestamp": timestamp, "X-MLflow-Delivery-Id": "delivery-1"}


def test_a_call_that_mlflow_signed_makes_the_watcher_look(receiver: TestClient, looks: list[str]) -> None:
    assert receiver.post("/mlflow", content=BODY, headers=sign(BODY)).status_code == 204
    assert looks == ["looked"]


@pytest.mark.parametrize(("body", "version"), [(BODY, 2), (GONE, None)], ids=["moved", "taken away"])
def test_what_mlflow_tells_is_noted(
    receiver: TestClient, told: list[AliasEvent], body: str, version: int | None
) -> None:
    assert receiver.post("/mlflow", content=body, headers=sign(body)).status_code == 204

    assert told == [AliasEvent("delivery-1", SENT_AT, "wide_deep", "champion", version)]


def test_a_clock_of_mlflow_that_is_ahead_sends_nothing_from_days_to_come(
    receiver: TestClient, told: list[AliasEvent]
) -> None:
    body = BODY.replace("2026-06-01T12", "2999-01-01T12")

    assert receiver.post("/mlflow", content=body, headers=sign(body)).status_code == 204

    assert told[0].sent_at <= datetime.now(UTC)


@pytest.mark.parametrize("body", ["{}", "[1]", "no JSON", BODY.replace('"2"', '"two"'), BODY.replace("12:30", "noon")])
def test_a_signed_call_without_an_alias_is_noted_nowhere(
    receiver: TestClient, told: list[AliasEvent], body: str
) -> None:
    assert receiver.post("/mlflow", content=body, headers=sign(body)).status_code == 204

    assert told == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign(BODY, secret="a guess"),
        sign(BODY + " "),
        sign(BODY, age_seconds=MAX_AGE_SECONDS + 60),
        sign(BODY) | {"X-MLflow-Timestamp": "yesterday"},
        sign(BODY) | {"X-MLflow-Signature": "v1,é".encode()},
    ],
    ids=["unsigned", "another secret", "another body", "too old", "no timestamp", "no signature"],
)
def test_any_other_call_is_refused(receiver: TestClient, looks: list[str], headers: dict[str, str]) -> None:
    assert receiver.post("/mlflow", content=BODY, headers=headers).status_code == 401
    assert looks == []


def test_an_endless_call_is_cut_off(receiver: TestClient, looks: list[str]) -> None:
    assert receiver.post("/mlflow", content="x" * (MAX_BYTES + 1), headers=sign(BODY)).status_code == 413
    assert looks == []


def test_workers_that_start_at_once_draw_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(ensure_secret, [tmp_path / "models"] * 32))

    assert len(secrets) == 1
    assert len(secrets.pop()) > 20
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["webhook.secret"]


def test_the_secret_is_drawn_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = ensure_secret(tmp_path / "models")

    assert ensure_secret(tmp_path / "models") == first
    assert len(first) >= 40
    assert (tmp_path / "models" / "webhook.secret").stat().st_mode & 0o777 == 0o600


def test_registering_again_replaces_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http")
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "true")
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}", f"sqlite:///{tmp_path / 'mlflow.db'}")
    registry = Registry(client, "wide_deep")

    for port in (8001, 9001):
        ask_for_calls(registry, tmp_path, f"http://127.0.0.1:{port}/hooks/mlflow", SECRET).join(timeout=60)

    [hook] = client.list_webhooks()
    assert hook.url == "http://127.0.0.1:9001/hooks/mlflow"
    assert {str(event) for event in hook.events} == {"model_version_alias.created", "model_version_alias.deleted"}
