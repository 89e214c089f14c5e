"""Values for Airflow's chart. The chart is not here: what was tried with it by hand is held fast, key by key."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.deploy.compose.dockerfiles import variables
from tests.deploy.compose.test_compose import DEFAULT
from tests.deploy.kubernetes.manifests import FOLDER, ROOT, SERVICES, SETTINGS, VALUES, containers, list_items

WORKFLOWS = SERVICES["airflow-scheduler"]
ENVIRONMENT = {each["name"]: each["value"] for each in VALUES["env"]}
EXTRA = yaml.safe_load(VALUES["extraEnv"])
CHART = "1.22.0"
SCALE = yaml.safe_load((ROOT / "docker-compose.scale.yml").read_text())
OF_THE_CHART = {"AIRFLOW__CELERY__BROKER_URL_CMD", "AIRFLOW__CELERY__RESULT_BACKEND_CMD"}
"""The queue's address, which the chart draws with its Redis; results are kept in Airflow's database."""
ADDED = {
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "an option of the command in compose",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": "where the chart mounts the volume of logs",
}
TRIED = """
airflowHome airflowVersion allowPodLaunching apiServer.allowPodLogReading apiServer.resources
apiServer.serviceAccount.automountServiceAccountToken apiServer.startupProbe.failureThreshold apiSecretKeySecretName
createUserJob.enabled dagProcessor.livenessProbe.command dagProcessor.logGroomerSidecar.enabled dagProcessor.resources
dagProcessor.serviceAccount.automountServiceAccountToken data.metadataSecretName enableBuiltInSecretEnvVars
enableServiceLinks env executor extraEnv extraEnvFrom fernetKeySecretName gid images.airflow.repository
images.airflow.tag images.migrationsWaitTimeout jwtSecretName migrateDatabaseJob.enabled postgresql.enabled rbac.create
redis.persistence.enabled redis.resources redis.serviceAccount.automountServiceAccountToken redis.uid
scheduler.livenessProbe.command scheduler.logGroomerSidecar.enabled scheduler.resources
scheduler.serviceAccount.automountServiceAccountToken scheduler.startupProbe.command securityContexts.containers
securityContexts.pod statsd.enabled triggerer.livenessProbe.command triggerer.logGroomerSidecar.enabled
triggerer.persistence.enabled triggerer.resources triggerer.serviceAccount.automountServiceAccountToken uid
volumeMounts volumes webserverSecretKeySecretName workers.celery.livenessProbe.command
workers.celery.logGroomerSidecar.args workers.celery.logGroomerSidecar.command
workers.celery.logGroomerSidecar.resources workers.celery.persistence.enabled workers.celery.persistence.size
workers.celery.replicas workers.celery.resources workers.celery.serviceAccount.automountServiceAccountToken
workers.celery.terminationGracePeriodSeconds
"""
"""Keys that `helm template` with the chart's own schema accepted; a new one is tried with it before it comes here."""
OPAQUE = {"enableBuiltInSecretEnvVars", "containers", "pod", "resources"}


def keys(values: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and name not in OPAQUE:
            yield from keys(value, f"{above}{name}.")
        else:
            yield above + name


def test_the_chart_was_tried_with_each_key() -> None:
    assert set(keys(VALUES)) == set(TRIED.split())
    assert f"own chart, {CHART}," in (FOLDER / "airflow-values.yaml").read_text().partition("\n")[0]


def test_airflow_is_set_up_as_in_compose() -> None:
    both = {**WORKFLOWS["environment"], **SCALE["x-celery"]}
    compose = {name: value for name, value in both.items() if name.startswith("AIRFLOW__") and name not in OF_THE_CHART}
    shares = {each["name"]: each["valueFrom"]["configMapKeyRef"] for each in EXTRA}

    assert compose.keys() | ADDED.keys() == ENVIRONMENT.keys() | shares.keys()
    given = compose.keys() - shares.keys()
    assert {name: ENVIRONMENT[name] for name in given} == {name: DEFAULT.sub(r"\1", compose[name]) for name in given}
    for name, reference in shares.items():
        assert reference == {"name": "settings", "key": name.removeprefix("AIRFLOW__SHARES__")}
        assert reference["key"] in SETTINGS


def test_a_worker_takes_as_many_tasks_as_in_compose_and_none_waits_in_the_queue() -> None:
    command = SCALE["services"]["airflow-worker"]["command"]
    slots = command[command.index("--concurrency") + 1]

    assert ENVIRONMENT["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == slots
    workers = VALUES["workers"]["celery"]["replicas"]
    assert int(ENVIRONMENT["AIRFLOW__CORE__PARALLELISM"]) == workers * int(slots)


def test_settings_arrive_in_airflow_too() -> None:
    assert yaml.safe_load(VALUES["extraEnvFrom"]) == [{"configMapRef": {"name": "settings"}}]


def test_airflow_runs_our_image_at_the_version_in_the_lock() -> None:
    image = VALUES["images"]["airflow"]

    assert f"{image['repository']}:{image['tag']}" == WORKFLOWS["image"]
    assert f"apache-airflow=={VALUES['airflowVersion']}\n" in (ROOT / "requirements.txt").read_text()


def test_the_executors_packages_are_in_the_image() -> None:
    assert VALUES["executor"] == ENVIRONMENT["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert re.search(r"^apache-airflow-providers-celery\b", (ROOT / "dags/requirements.in").read_text(), re.MULTILINE)


def test_airflow_sees_the_secrets_that_it_does_in_compose() -> None:
    mounted = {mount["name"]: mount["mountPath"] for mount in VALUES["volumeMounts"]}
    seen = {f"{mounted[volume['name']]}/{item['path']}" for volume in VALUES["volumes"] for item in list_items(volume)}
    given = WORKFLOWS["secrets"]

    assert seen == {each["target"] if isinstance(each, dict) else f"/run/secrets/{each}" for each in given}
    assert "object-store" in str(VALUES["volumes"])


def test_no_secret_is_a_variable() -> None:
    off = VALUES["enableBuiltInSecretEnvVars"]

    assert {name.removesuffix("_CMD") for name in ENVIRONMENT if name.endswith("_CMD")} <= off.keys()
    assert set(off.values()) == {False}


def test_pods_of_airflow_may_do_no_more_than_ours() -> None:
    ours = containers("production")["api"]
    parts = [VALUES["workers"]["celery"], *(VALUES[name] for name in ("scheduler", "apiServer", "dagProcessor"))]

    assert VALUES["securityContexts"] == {
        "pod": ours.pod["securityContext"],
        "containers": ours.spec["securityContext"],
    }
    assert VALUES["enableServiceLinks"] is False
    for part in [*parts, VALUES["triggerer"], VALUES["redis"]]:
        assert part["serviceAccount"]["automountServiceAccountToken"] is False, "/run/secrets could not be mounted"


def test_no_probe_and_no_sidecar_asks_for_a_program_of_airflows_own_image() -> None:
    for part in (VALUES["workers"]["celery"], VALUES["scheduler"], VALUES["dagProcessor"], VALUES["triggerer"]):
        assert part["livenessProbe"]["command"]
        groomer = part["logGroomerSidecar"]
        assert groomer.get("enabled") is False or {"command", "args"} <= groomer.keys()


def test_airflow_may_write_where_it_does() -> None:
    writable = {mount["mountPath"] for mount in VALUES["volumeMounts"] if not mount.get("readOnly")}

    assert VALUES["airflowHome"] in writable
    assert ENVIRONMENT["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] == f"{VALUES['airflowHome']}/logs"
    assert {mount.partition(":")[0] for mount in WORKFLOWS["tmpfs"]} <= writable


def test_the_image_starts_what_the_chart_asks_for() -> None:
    """The chart gives arguments without a command, so an entry point of the image's would stand before them."""
    assert "ENTRYPOINT" not in (ROOT / "dags/Dockerfile").read_text()
    assert variables("dags/Dockerfile")["AIRFLOW__CORE__DAGS_FOLDER"] == "/app/dags"
