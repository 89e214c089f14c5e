import configparser
import stat
from pathlib import Path
from typing import Any

import pytest

from mlflow_server.login import keep_password, write_login_file
from settings import Settings

STRONG = "k3%long-enough-secret-value"


def make_settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_development_without_a_password_needs_no_login(tmp_path: Path) -> None:
    assert write_login_file(make_settings(), tmp_path / "login.ini") is None


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"environment": "production"}, "MLFLOW_ADMIN_PASSWORD"),
        ({"environment": "production", "mlflow_admin_password": "short"}, "MLFLOW_ADMIN_PASSWORD"),
        ({"environment": "development", "mlflow_admin_password": STRONG}, "MLFLOW_SECRET_KEY"),
    ],
    ids=["missing password", "short password", "missing key"],
)
def test_a_weak_secret_is_refused_by_name(tmp_path: Path, values: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        write_login_file(make_settings(**values), tmp_path / "login.ini")

    assert not (tmp_path / "login.ini").exists()


def test_the_login_file_is_readable_by_its_owner_alone_and_keeps_every_character(tmp_path: Path) -> None:
    settings = make_settings(
        environment="production",
        mlflow_admin_password=STRONG,
        mlflow_secret_key=STRONG,
    )

    path = write_login_file(settings, tmp_path / "login.ini")

    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ini = configparser.ConfigParser()
    ini.read(path)
    assert ini["mlflow"]["admin_password"] == STRONG
    assert ini["mlflow"]["database_uri"] == f"sqlite:///{tmp_path}/login.db"


def test_mlflow_does_not_hash_the_same_password_again_at_each_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.server.auth.config import read_auth_config

    monkeypatch.setenv("MLFLOW_AUTH_CONFIG_PATH", str(write_login_file(with_password(STRONG), tmp_path / "login.ini")))

    assert read_auth_config().auth_cache_ttl_seconds > 0


def with_password(password: str) -> Settings:
    return make_settings(environment="production", mlflow_admin_password=password, mlflow_secret_key=STRONG)


def test_a_replaced_password_takes_effect_at_the_next_start(tmp_path: Path) -> None:
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    login_file = write_login_file(with_password(STRONG), tmp_path / "login.ini")
    assert login_file is not None
    assert not keep_password(with_password(STRONG), login_file), "MLflow has made no administrator yet"
    users = SqlAlchemyStore()
    users.init_db(f"sqlite:///{tmp_path / 'login.db'}")
    users.create_user("admin", STRONG, is_admin=True)

    assert not keep_password(with_password(STRONG), login_file)
    assert keep_password(with_password("another-%-long-enough-secret"), login_file)

    assert users.authenticate_user("admin", "another-%-long-enough-secret")
    assert not users.authenticate_user("admin", STRONG)
