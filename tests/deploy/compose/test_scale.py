"""docker-compose.scale.yml on top of docker-compose.yml, as Compose puts the two together."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.airflow_settings import airflow_environment
from deploy.compose.credentials import OBJECT_STORE_ACCOUNT
from settings import Settings
from tests.deploy.compose.dockerfiles import SERVICES
from tests.deploy.compose.test_compose import SECRET_WORD

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.scale.yml").read_text()
SCALE = yaml.safe_load(TEXT)
ADDED = SCALE["services"]
SERVERS = ("redis", "object-store")
READ_THE_STORE = sorted(name for name, service in SERVICES.items() if "store:/data/store" in service.get("volumes", []))


def environment_of(name: str) -> dict[str, Any]:
    """The environment of a service after both files."""
    base = ADDED[name].get("extends", {}).get("service", name)
    return {**(SERVICES.get(base, {}).get("environment") or {}), **(ADDED[name].get("environment") or {})}


@pytest.mark.parametrize("name", sorted(set(READ_THE_STORE) - {"airflow-migrate", "airflow-prepare", "first-run"}))
def test_whoever_read_the_volume_reads_the_object_store_with_its_secret(name: str) -> None:
    environment = environment_of(name)

    assert environment["ML_STORE_URI"].startswith("s3://")
    assert environment["AWS_ACCESS_KEY_ID"] == OBJECT_STORE_ACCOUNT
    assert "aws_secret_access_key" in ADDED[name]["secrets"]


def test_everything_of_airflow_that_stays_has_the_same_executor_and_queue() -> None:
    names = [
        "airflow-worker",
        *(f"airflow-{part}" for part in ("api-server", "scheduler", "dag-processor", "triggerer")),
    ]

    environments = [environment_of(name) for name in names]

    assert {one["AIRFLOW__CORE__EXECUTOR"] for one in environments} == {"CeleryExecutor"}
    assert len({str(sorted(one.items())) for one in environments}) == 1
    assert all("redis_password" in ADDED[name]["secrets"] for name in names)


def test_celery_is_tuned_as_on_one_machine() -> None:
    embedded = airflow_environment(Settings(_env_file=None, executor="celery"))
    scale = {key: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for key, value in SCALE["x-celery"].items()}

    shared = {key for key in embedded.keys() & scale.keys() if key.startswith("AIRFLOW__")}

    assert len(shared) >= 5
    differs = {key for key in shared if embedded[key] != scale[key]}
    assert differs == {"AIRFLOW__CORE__PARALLELISM"}, "two workers of four tasks each here, of two on one machine"


def test_there_are_places_for_as_many_tasks_as_run_at_once() -> None:
    command = ADDED["airflow-worker"]["command"]
    places = int(command[command.index("--concurrency") + 1])

    assert SCALE["x-celery"]["AIRFLOW__CORE__PARALLELISM"] == f"${{PARALLELISM:-{2 * places}}}"
    assert "--scale airflow-worker=2" in TEXT


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_has_no_port_few_rights_and_a_health_check(name: str) -> None:
    service = ADDED[name]

    assert "ports" not in service
    assert (service["cap_drop"], service["read_only"]) == (["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.search(r":\d+\.\d", service["image"])


def test_no_password_stands_in_the_file() -> None:
    for name in ADDED:
        for variable, value in (ADDED[name].get("environment") or {}).items():
            if SECRET_WORD.search(variable) and variable != "AWS_ACCESS_KEY_ID":
                raise AssertionError(f"{name} sets {variable}")
            assert not re.search(r"redis://:[^$]", str(value))


def test_named_volumes_and_secrets_are_declared() -> None:
    for name, service in ADDED.items():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in SCALE["volumes"], f"{name} mounts {volume}"
        assert set(service.get("secrets", [])) <= set(SCALE["secrets"])


def test_the_object_stores_inner_parts_are_not_on_the_network() -> None:
    """They take orders from anybody."""
    command = ADDED["object-store"]["command"]

    assert {"-ip.bind=127.0.0.1", "-s3.ip.bind=0.0.0.0", "-master.telemetry=false"} <= set(command)
    assert "-s3.config=/run/secrets/object_store_accounts" in command
