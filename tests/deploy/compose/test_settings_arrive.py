"""Every setting reaches the containers or names its other place, and compose asks for none that is not described."""

import re

import pytest
import yaml

from deploy.compose.env_example import COMPOSE, SET_UP, render, show_default
from settings import Settings
from settings.fields import FIXED, SECRET
from tests.deploy.compose.dockerfiles import ROOT, SERVICES

TEXT = (ROOT / "docker-compose.yml").read_text()
SECRETS = yaml.safe_load(TEXT)["secrets"]
READERS = [name for name, service in SERVICES.items() if "ENVIRONMENT" in (service.get("environment") or {})]
FIELDS = Settings.model_fields
PORTS = {name for name in FIELDS if name.endswith("_port")}
SAID_ELSEWHERE = {name for name, field in FIELDS.items() if field.json_schema_extra in (FIXED, SECRET)}
PASSED_ON = sorted(FIELDS.keys() - PORTS - SAID_ELSEWHERE)
# What containers take where `.env` says nothing: a web server of their own before the API, and a worker a core.
OTHER_DEFAULTS = {"trusted_proxies": "storefront", "serving_workers": "0"}


def test_all_that_run_our_code_with_settings_read_them() -> None:
    assert {"shop", "mlflow", "airflow-scheduler", "airflow-dag-processor", "bentoml", "api"} <= set(READERS)


@pytest.mark.parametrize("name", PASSED_ON)
def test_a_setting_of_the_env_file_reaches_every_container_that_reads_settings(name: str) -> None:
    default = OTHER_DEFAULTS.get(name, show_default(FIELDS[name].default))
    passed_on = f"${{{name.upper()}:-{default}}}"

    for reader in READERS:
        assert SERVICES[reader]["environment"].get(name.upper()) == passed_on, f"{reader} does not get {name.upper()}"


@pytest.mark.parametrize("name", sorted(PORTS))
def test_a_port_of_the_env_file_is_the_one_that_is_published(name: str) -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    default = FIELDS[name].default
    assert f"127.0.0.1:${{{name.upper()}:-{default}}}:{default}" in published


@pytest.mark.parametrize("name", sorted(name for name, field in FIELDS.items() if field.json_schema_extra == SECRET))
def test_a_setting_that_is_a_secret_comes_from_its_file(name: str) -> None:
    assert SECRETS[name] == {"file": f"./secrets/{name}"}
    assert any(name in service.get("secrets", []) for service in SERVICES.values())
    assert f"# In containers: the file secrets/{name}.\n# {name.upper()}=" in render()


@pytest.mark.parametrize("name", sorted(name for name, field in FIELDS.items() if field.json_schema_extra == FIXED))
def test_a_setting_that_containers_do_not_take_from_the_env_file_says_so(name: str) -> None:
    assert f"${{{name.upper()}" not in TEXT
    assert re.search(rf"# Embedded mode only: .*\n# {name.upper()}=", render())


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    added = [(ROOT / f"docker-compose.{name}.yml").read_text() for name in ("tls", "scale")]
    asked_for = set(re.findall(r"\$\{([A-Z_]+)", "\n".join([TEXT, *added])))
    compose_only = set(re.findall(r"^# ([A-Z_]+)=", SET_UP + COMPOSE, re.MULTILINE))

    assert asked_for - {name.upper() for name in FIELDS} == compose_only
