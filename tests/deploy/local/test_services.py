from pathlib import Path
from typing import Any

import pytest

from deploy.airflow_settings import ensure_password, passwords_file
from deploy.local.services import all_parts, services
from deploy.shop_choice import read_shop
from settings import Settings

PORTS: dict[str, Any] = {"api_port": 18900, "serving_port": 18901, "mlflow_port": 18902, "airflow_port": 18903}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path, **PORTS)


def test_every_need_is_a_part(settings: Settings) -> None:
    parts = all_parts(settings, shop=read_shop("demo"))

    assert {need for part in parts for need in part.needs} <= {part.name for part in parts}


def test_ports_come_from_the_settings(settings: Settings) -> None:
    assert {part.port for part in services(settings)} - {0} == set(PORTS.values())
    for part in services(settings):
        assert part.health is not None
        assert any(str(port) in part.health.url for port in PORTS.values())


def test_airflow_writes_below_var_dir_alone(settings: Settings, tmp_path: Path) -> None:
    [scheduler] = [part for part in services(settings) if part.name == "airflow-scheduler"]

    for name in ("AIRFLOW_HOME", "AIRFLOW__LOGGING__BASE_LOG_FOLDER"):
        assert Path(scheduler.environment[name]).is_relative_to(tmp_path)
    assert str(tmp_path) in scheduler.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_airflow_opens_no_log_server_on_all_interfaces(settings: Settings) -> None:
    [scheduler] = [part for part in services(settings) if part.name == "airflow-scheduler"]

    assert "--skip-serve-logs" in scheduler.command
    assert scheduler.environment["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_password_is_long_secret_and_kept(settings: Settings) -> None:
    password = ensure_password(settings)

    assert len(password) >= 20
    assert passwords_file(settings).stat().st_mode & 0o777 == 0o600
    assert ensure_password(settings) == password


def test_a_mapped_shop_has_a_part_that_copies_its_catalogue(settings: Settings) -> None:
    mapped = settings.model_copy(update={"shop_mapping": "woocommerce"})

    [part] = [part for part in services(mapped) if part.name == "catalogue"]

    assert part.needs == ("api",)
    assert part.health is not None
    assert part.health.field == ("catalogue", "status")
    assert "catalogue" not in {part.name for part in services(settings)}
