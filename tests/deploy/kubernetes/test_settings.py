import re
from typing import Any

import pytest

from deploy.compose.credentials import DRAWN
from features.snapshot.buckets import LEAST_BUCKETS
from settings import Settings
from settings.fields import SECRET
from tests.deploy.compose.test_settings_arrive import PASSED_ON
from tests.deploy.kubernetes.manifests import (
    COMPOSE,
    OVERLAYS,
    SERVICES,
    SETTINGS,
    VALUES,
    containers,
    list_items,
    of_kind,
)

DEFAULT = re.compile(r"^\$\{\w+:-(.*)\}$")
"""A value that the reader may set, with what it is otherwise."""
OF_COMPOSE: dict[str, str] = {
    name: DEFAULT.sub(r"\1", value)
    for name, value in {**COMPOSE["x-settings"], **SERVICES["mlflow"]["environment"]}.items()
}
DIFFERS = {
    "ML_STORE_URI": "an object store in place of a volume",
    "MLFLOW_ARTIFACTS_URI": "likewise",
    "SCORING_TASKS": "a share for each of Airflow's workers",
    "FEATURE_TASKS": "likewise",
    "SERVING_WORKERS": "a pod asks for one core",
    "TRUSTED_PROXIES": "any private network in place of Docker's",
}
ACCOUNT = {"aws_access_key_id", "aws_secret_access_key"}
"""Keys of the Secret `object-store`, which is left out where a role of the machine is the account."""
OF_OTHERS = re.compile(r"^(AIRFLOW__|MLFLOW_(DISABLE|ALLOW_PICKLE|HTTP))")


def test_settings_are_those_of_compose() -> None:
    assert {name: value for name, value in SETTINGS.items() if name not in DIFFERS} == {
        name: value for name, value in OF_COMPOSE.items() if name not in DIFFERS
    }
    assert {name for name in DIFFERS if SETTINGS[name] == OF_COMPOSE[name]} == set()


def test_each_worker_of_airflow_has_a_share() -> None:
    workers = VALUES["workers"]["celery"]["replicas"]

    assert SETTINGS["SCORING_TASKS"] == SETTINGS["FEATURE_TASKS"] == str(workers)
    assert int(SETTINGS["NUM_BUCKETS"] or LEAST_BUCKETS) >= workers


@pytest.mark.parametrize("name", PASSED_ON)
def test_a_setting_that_may_be_given_is_there_to_be_changed(name: str) -> None:
    assert name.upper() in SETTINGS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_make_an_installation(overlay: str) -> None:
    given = of_kind(overlay, "ConfigMap")["settings"]["data"]
    known = {name.upper() for name in Settings.model_fields}
    urls = {
        f"{name}_database_url": f"mysql+pymysql://{name}:secret@db.example/{name}?ssl_ca=/etc/31ie/ca.pem"
        for name in ("shop", "platform", "shop_owner")
    }

    assert {name for name in given if name not in known and not OF_OTHERS.match(name)} == set()
    settings = Settings.model_validate({**{name.lower(): value for name, value in given.items()}, **urls})
    assert settings.environment == "production"
    assert settings.has_object_store
    assert settings.demo_shoppers == (overlay == "demo")


def test_a_setting_that_is_a_secret_is_a_file_and_never_a_variable() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if field.json_schema_extra == SECRET}
    files = {path.rpartition("/")[2] for each in containers("demo").values() for path in each.secrets}

    assert {name for name in secrets if name not in ACCOUNT} <= files
    assert not {*secrets, *ACCOUNT} & {name.lower() for name in SETTINGS}


def test_only_what_is_drawn_is_asked_of_the_secret() -> None:
    volumes: list[dict[str, Any]] = [volume for each in containers("demo").values() for volume in each.pod["volumes"]]
    asked = {item["key"] for volume in [*volumes, *VALUES["volumes"]] for item in list_items(volume)}

    assert asked <= {*DRAWN, "mlflow_credentials"}
