"""The compose file, read as Compose reads it: what a container may do, what it listens on, where its secrets are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.airflow_settings import airflow_environment
from deploy.compose.credentials import write_secrets
from settings import Settings
from tests.deploy.compose.dockerfiles import COMPOSE, ROOT, SERVICES, read_compose

TEXT = (ROOT / "docker-compose.yml").read_text()
WITH_TLS = read_compose("docker-compose.tls.yml")
JOBS = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("31ie/")}
PORTS = {"mysql": 3307, "api": 8000, "bentoml": 8001, "mlflow": 5000, "airflow-api-server": 8080, "storefront": 5173}
PORTS["prometheus"] = 9090
SCALED = ("api", "bentoml")
SECRET_WORD = re.compile(r"password|passwd|secret|token|fernet|_key", re.IGNORECASE)
POINTS_TO_A_FILE = ("/run/secrets/", "cat /run/secrets/")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


DEFAULT = re.compile(r"^\$\{\w+:-(.*)\}$")
"""A value that the reader may set, with what it is otherwise."""


def environment_of(name: str) -> dict[str, str]:
    return SERVICES[name].get("environment") or {}


@each_service
def test_a_service_that_stays_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    if name in JOBS:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ["mlflow", "airflow-api-server", "bentoml", "api"])
def test_a_health_check_asks_the_api(name: str) -> None:
    test = " ".join(SERVICES[name]["healthcheck"]["test"])

    assert re.search(r"mlflow_server\.health|deploy\.compose\.airflow_health|:8001/status|:8000/health", test)


@each_service
def test_the_root_file_system_is_read_only_and_privileges_cannot_grow(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert not SERVICES[name].get("privileges")


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_own_code_runs_without_root_and_without_capabilities(name: str) -> None:
    assert SERVICES[name]["user"].startswith("${APP_UID:?")
    assert SERVICES[name]["cap_drop"] == ["ALL"]


@each_service
def test_ports_are_open_to_this_machine_alone_at_the_published_numbers(name: str) -> None:
    ports = SERVICES[name].get("ports", [])

    assert bool(ports) == (name in PORTS)
    for port in ports:
        assert re.fullmatch(rf"127\.0\.0\.1:\$\{{[A-Z]+_PORT:-{PORTS[name]}\}}:\d+", port), port


@each_service
def test_images_have_a_version(name: str) -> None:
    image = SERVICES[name]["image"]

    assert re.search(r":\d", image), image
    assert "latest" not in image


def test_each_image_of_ours_is_built_by_one_service_and_pulled_by_none() -> None:
    """Two builds of one image are two images: a second `up` would then start everything anew."""
    builders = [SERVICES[name]["image"] for name in OURS if "build" in SERVICES[name]]

    assert sorted(builders) == sorted({SERVICES[name]["image"] for name in OURS})
    for name in OURS:
        assert "build" in SERVICES[name] or SERVICES[name]["pull_policy"] == "never", name


@each_service
def test_no_password_stands_in_the_environment(name: str) -> None:
    for variable, value in environment_of(name).items():
        if SECRET_WORD.search(variable):
            assert str(value).startswith(POINTS_TO_A_FILE), f"{variable} should name a file of a secret"
        assert not re.search(r"://[^/\s]+:[^/\s]+@", str(value)), f"{variable} holds a URL with a password"


@each_service
def test_a_service_gets_declared_secrets_only(name: str) -> None:
    for secret in SERVICES[name].get("secrets", []):
        assert (secret["source"] if isinstance(secret, dict) else secret) in COMPOSE["secrets"]


def test_only_the_job_that_makes_accounts_and_the_database_know_the_root_password() -> None:
    holders = {name for name, service in SERVICES.items() if "mysql_root_password" in service.get("secrets", [])}

    assert holders == {"mysql", "databases"}


def test_every_declared_secret_is_one_that_is_generated(tmp_path: Path) -> None:
    import os

    generated = write_secrets(tmp_path / "secrets", (os.getuid(), os.getgid()))

    scale = yaml.safe_load((ROOT / "docker-compose.scale.yml").read_text())
    declared = COMPOSE["secrets"] | WITH_TLS["secrets"] | scale["secrets"]
    assert {name: secret["file"] for name, secret in declared.items()} == {
        name: f"./secrets/{name}" for name in generated
    }


def test_a_variable_without_a_default_says_how_to_get_it() -> None:
    for variable in re.findall(r"\$\{[^}]+\}", TEXT + (ROOT / "docker-compose.tls.yml").read_text()):
        assert ":-" in variable or re.search(r":\?.*make ", variable), variable


def test_named_volumes_hold_everything_that_lasts() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"], f"{name} mounts {volume}"


def test_training_and_serving_share_the_ml_store() -> None:
    mounts = {name for name, service in SERVICES.items() if "store:/data/store" in service.get("volumes", [])}

    assert {"airflow-scheduler", "bentoml"} <= mounts
    assert {environment_of(name)["ML_STORE_URI"] for name in mounts} == {"/data/store"}


def test_the_api_reaches_neither_the_ml_store_nor_mlflow_secrets() -> None:
    databases = ["shop_database_url", "shop_owner_database_url", "platform_database_url"]
    assert SERVICES["api"]["secrets"] == [*databases, "api_token_key", "api_metrics_token", "api_admin_password"]
    assert not any(volume.startswith("store") for volume in SERVICES["api"]["volumes"])


def test_the_shops_own_account_is_for_its_jobs_and_its_checkout() -> None:
    holders = {name for name, service in SERVICES.items() if "shop_owner_database_url" in service.get("secrets", [])}

    assert holders == {"databases", "shop-migrate", "shop", "api"}


@each_service
def test_no_path_is_mounted_twice(name: str) -> None:
    service = SERVICES[name]
    volumes = [volume.split(":")[1] for volume in service.get("volumes", [])]
    temporary = [mount.partition(":")[0] for mount in service.get("tmpfs", [])]

    assert len({*volumes, *temporary}) == len(volumes) + len(temporary)


def test_settings_of_the_environment_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    foreign = re.compile(r"AIRFLOW__|MLFLOW_(DISABLE|ALLOW_PICKLE|HTTP)|MYSQL_|HTTPS_PORT|TRUSTED_BALANCERS")

    for name in SERVICES:
        unknown = {key for key in environment_of(name) if key not in known and not foreign.match(key)}
        assert not unknown, f"{name} sets {sorted(unknown)}, which settings do not know"


def test_airflow_is_tuned_the_same_in_both_modes() -> None:
    embedded = airflow_environment(Settings(_env_file=None))
    compose = {key: DEFAULT.sub(r"\1", value) for key, value in environment_of("airflow-scheduler").items()}
    differs_on_purpose = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL"}

    shared = (embedded.keys() & compose.keys()) - differs_on_purpose

    assert shared
    assert {key: compose[key] for key in shared} == {key: embedded[key] for key in shared}


@each_service
def test_a_service_waits_for_services_that_exist(name: str) -> None:
    for needed, rule in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed in JOBS else "service_healthy"
        assert rule == {"condition": expected}, f"{name} waits for {needed}"


@each_service
def test_a_service_has_bounds_and_ends_in_time(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["cpus"] <= 2, "Docker refuses more processors than the machine has"
    assert service["pids_limit"] > 0
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


def test_the_memory_limits_are_those_that_operators_read_of() -> None:
    table = (ROOT / "docs" / "operations.md").read_text().partition("\n## What runs\n")[2].partition("\n## ")[0]
    stated = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (\d+[mg]) \|$", table, re.MULTILINE))

    assert stated == {name: service["mem_limit"] for name, service in SERVICES.items() if name not in JOBS}


def reachable_from(name: str) -> set[str]:
    """Name the services that share a network with one."""
    own = set(SERVICES[name]["networks"])
    return {other for other, service in SERVICES.items() if other != name and own & set(service["networks"])}


def test_the_web_server_reaches_the_api_alone() -> None:
    assert reachable_from("storefront") == {"api"}


def test_mysql_is_reached_by_those_alone_that_have_a_way_into_it() -> None:
    def reads_a_database(service: dict[str, Any]) -> bool:
        secrets = map(str, service.get("secrets", []))
        return any(re.search(r"database_url|backend_uri", secret) for secret in secrets)

    readers = {name for name, service in SERVICES.items() if reads_a_database(service)}

    assert reachable_from("mysql") == readers


def test_networks_lead_outside_only_where_something_goes_or_comes_that_way() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}

    assert internal == {"data", "web"}
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= COMPOSE["networks"].keys(), name
        assert not service.get("ports") or set(service["networks"]) - internal, f"{name}: its port needs a way in"


def test_what_is_scaled_publishes_no_port_and_keeps_no_state_of_its_own() -> None:
    for name in SCALED:
        assert WITH_TLS["services"][name] == {"ports": []}
        assert "container_name" not in SERVICES[name]


def test_tls_is_open_to_this_machine_alone_unless_said_otherwise() -> None:
    storefront = WITH_TLS["services"]["storefront"]

    assert storefront["ports"] == [
        "${PUBLIC_ADDRESS:-127.0.0.1}:${HTTP_PORT:-80}:8080",
        "${PUBLIC_ADDRESS:-127.0.0.1}:${HTTPS_PORT:-443}:8443",
    ]
    assert storefront["secrets"] == list(WITH_TLS["secrets"])


def test_the_web_server_and_the_api_count_to_the_same_limit_and_go_by_the_same_names() -> None:
    for variable in ("REQUESTS_PER_MINUTE", "ALLOWED_HOSTS"):
        assert environment_of("storefront")[variable] == environment_of("api")[variable]
    assert environment_of("api")["TRUSTED_PROXIES"] == "${TRUSTED_PROXIES:-storefront}"


def test_prometheus_is_started_where_it_is_asked_for() -> None:
    asked = {name for name, service in SERVICES.items() if service.get("profiles")}
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = {
        (found["names"][0], found["port"]) for job in config["scrape_configs"] for found in job["dns_sd_configs"]
    }

    assert asked == {"prometheus"}
    assert targets == {(name, PORTS[name]) for name in SCALED}, "each replica"
