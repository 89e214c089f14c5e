import json
import shlex
from typing import Any

import kubernetes_validate
import pytest

from tests.deploy.kubernetes.manifests import OVERLAYS, ROOT, SERVICES, SETTINGS, build, containers, of_kind, pods
from tests.repository.test_paths import FOR_OPERATORS, first_words

OUTSIDE = {"mysql", "databases", "prometheus"}
"""What a cluster has already, or is managed beside it."""
OF_THE_CHART = {"airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"}
OURS = sorted(SERVICES.keys() - OUTSIDE - OF_THE_CHART)
IN_THE_OBJECT_STORE = {"/data/store", "/data/artifacts"}
OLDEST, NEWEST = "1.30", "1.37"
UNPRIVILEGED = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_service = pytest.mark.parametrize("name", OURS)


def words(command: str | list[str] | None) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else command or []


def in_bytes(size: str) -> int:
    """Read Docker's `512m` and, without its `i`, Kubernetes' `512Mi`."""
    return int(size[:-1]) * {"m": 2**20, "g": 2**30}[size[-1].lower()]


@pytest.mark.parametrize(("overlay", "release"), [("demo", OLDEST), ("production", NEWEST)])
def test_every_object_keeps_to_the_schemas_of_kubernetes(overlay: str, release: str) -> None:
    for each in build(overlay):
        kubernetes_validate.validate(each, release, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    (api,) = [each for each in build("demo") if each["kind"] == "Deployment" and each["metadata"]["name"] == "api"]
    spoilt = {**api, "spec": {**api["spec"], "replica": 2}}

    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(spoilt, OLDEST, strict=True)


@each_overlay
def test_all_is_in_one_namespace_and_no_name_is_there_twice(overlay: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in build(overlay)]

    assert len(set(names)) == len(names)
    assert {each["metadata"]["namespace"] for each in build(overlay)} == {"shop"}


def test_every_service_of_compose_has_its_place() -> None:
    there = {name for name in containers("demo") if "/" not in name}

    assert there == set(OURS)
    assert {name for name in containers("production") if "/" not in name} == set(OURS) - {"shop"}


@each_service
def test_a_service_runs_the_image_and_the_command_that_it_does_in_compose(name: str) -> None:
    container, service = containers("demo")[name], SERVICES[name]

    assert container.image == service["image"]
    expected = words(service.get("command"))
    assert container.spec.get("command", []) == [word.replace("${SHOP:-demo}", "demo") for word in expected]


@each_service
def test_a_service_sees_the_secrets_that_it_does_in_compose(name: str) -> None:
    given = SERVICES[name].get("secrets", [])
    targets = {each["target"] if isinstance(each, dict) else f"/run/secrets/{each}" for each in given}
    seen = containers("demo")[name].secrets
    if name.startswith("airflow-"):  # one pod, of which the second container sets the password
        seen -= {"/run/secrets/airflow_admin_password"}
        targets -= {"/run/secrets/airflow_admin_password"}

    assert seen == targets


@each_service
def test_what_a_service_writes_to_in_compose_it_may_write_to(name: str) -> None:
    service, container = SERVICES[name], containers("demo")[name]
    volumes = {volume.split(":")[1] for volume in service.get("volumes", [])} - IN_THE_OBJECT_STORE
    temporary = {mount.partition(":")[0] for mount in service["tmpfs"]}
    written = {"/tmp"} if name == "storefront" else volumes | temporary

    if name in ("first-run", "storefront"):
        assert {"/tmp"} <= container.writable
    else:
        assert written <= container.writable


@each_service
def test_a_service_listens_where_it_does_in_compose(name: str) -> None:
    inside = {int(port.rpartition(":")[2]) for port in SERVICES[name].get("ports", [])}
    services = of_kind("demo", "Service")

    assert {port["containerPort"] for port in containers("demo")[name].spec.get("ports", [])} == inside
    assert {port["port"] for port in services[name]["spec"]["ports"]} == inside if inside else name not in services


@each_overlay
def test_no_container_may_do_more_than_in_compose(overlay: str) -> None:
    for name, container in containers(overlay).items():
        assert container.spec["securityContext"] == UNPRIVILEGED, name


@each_overlay
def test_pods_are_not_root_and_know_nothing_of_the_cluster(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, f"{name} would get API_PORT=tcp://..."


@each_overlay
def test_every_container_says_what_it_needs(overlay: str) -> None:
    for name, container in containers(overlay).items():
        resources = container.spec["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}, name
        assert "memory" in resources["limits"], name


@each_service
def test_a_service_has_at_least_the_memory_that_it_has_in_compose(name: str) -> None:
    limit = containers("demo")[name].spec["resources"]["limits"]["memory"]

    assert in_bytes(limit.removesuffix("i")) >= in_bytes(SERVICES[name]["mem_limit"])


@each_service
def test_what_stays_is_asked_whether_it_is_ready_and_a_job_is_not(name: str) -> None:
    spec = containers("demo")[name].spec
    is_job = SERVICES[name].get("restart") == "no"

    assert ("readinessProbe" in spec) != is_job
    assert "livenessProbe" in spec or is_job or name == "catalogue"


@pytest.mark.parametrize("name", ["catalogue", "mlflow"])
def test_a_probe_that_is_a_command_is_the_one_of_compose(name: str) -> None:
    asked = containers("demo")[name].spec["readinessProbe"]["exec"]["command"]

    assert ["CMD", *asked] == SERVICES[name]["healthcheck"]["test"]


def test_the_api_answers_to_the_host_that_its_probes_name() -> None:
    spec = containers("production")["api"].spec

    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        (header,) = spec[kind]["httpGet"]["httpHeaders"]
        assert header["name"] == "Host"
        for overlay in OVERLAYS:
            assert header["value"] in of_kind(overlay, "ConfigMap")["settings"]["data"]["ALLOWED_HOSTS"].split(",")


@each_overlay
def test_what_grows_and_what_is_kept_up_is_a_deployment_that_is_there(overlay: str) -> None:
    deployments = of_kind(overlay, "Deployment")
    scaled = of_kind(overlay, "HorizontalPodAutoscaler")

    assert set(scaled) == {"api", "bentoml"}
    for name, each in scaled.items():
        assert each["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in deployments[name]["spec"], "an apply would undo what the autoscaler chose"
    for name, each in of_kind(overlay, "PodDisruptionBudget").items():
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()


@each_overlay
def test_a_service_leads_to_the_pods_of_its_name(overlay: str) -> None:
    deployments = of_kind(overlay, "Deployment")

    for name, service in of_kind(overlay, "Service").items():
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        known = {port["name"] for port in deployments[name]["spec"]["template"]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= known


@each_overlay
def test_the_ingress_hands_the_apis_paths_to_the_api_and_all_else_to_the_pages(overlay: str) -> None:
    paths = json.loads((ROOT / "api/schemas/openapi.json").read_text())["paths"]
    ingress = of_kind(overlay, "Ingress")["storefront"]["spec"]
    (rule,) = ingress["rules"]
    leads = {each["path"]: each["backend"]["service"]["name"] for each in rule["http"]["paths"]}

    expected = {f"/{word}": "api" for word in first_words(list(paths)) - FOR_OPERATORS}
    assert leads == {**expected, "/": "storefront"}
    assert [each["hosts"] for each in ingress["tls"]] == [[rule["host"]]]


def test_the_host_of_production_is_one_that_the_api_answers_to() -> None:
    settings = of_kind("production", "ConfigMap")["settings"]["data"]
    (rule,) = of_kind("production", "Ingress")["storefront"]["spec"]["rules"]

    assert rule["host"] in settings["ALLOWED_HOSTS"].split(",")


@each_overlay
def test_the_ingress_counts_a_clients_requests_before_any_replica(overlay: str) -> None:
    limit = of_kind(overlay, "Ingress")["storefront"]["metadata"]["annotations"][
        "nginx.ingress.kubernetes.io/limit-rpm"
    ]

    assert limit == of_kind(overlay, "ConfigMap")["settings"]["data"]["REQUESTS_PER_MINUTE"]


@each_overlay
def test_an_overlay_changes_settings_and_forgets_none(overlay: str) -> None:
    settings: dict[str, Any] = of_kind(overlay, "ConfigMap")["settings"]["data"]

    assert settings.keys() >= SETTINGS.keys()
    for name, container in containers(overlay).items():
        reads = [{"configMapRef": {"name": "settings"}}]
        assert container.spec.get("envFrom", reads) == reads, name
        assert ("envFrom" in container.spec) == (name != "storefront"), name
