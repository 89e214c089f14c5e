from pathlib import Path
from typing import Any

from mlflow_server.command import server_command, server_environment
from settings import Settings


def make_settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_the_embedded_server_keeps_everything_under_var_dir(tmp_path: Path) -> None:
    settings = make_settings(var_dir=tmp_path, mlflow_port=5055)

    command = server_command(settings, has_login=False)
    environment = server_environment(settings, None, "key")

    assert environment["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert command[command.index("--artifacts-destination") + 1] == f"{tmp_path}/mlflow/artifacts"
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5055"
    assert "--app-name" not in command


def test_pickle_telemetry_and_jobs_are_off() -> None:
    environment = server_environment(make_settings(), None, "key")

    assert environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_no_secret_stands_on_the_command_line(tmp_path: Path) -> None:
    settings = make_settings(
        mlflow_backend_uri="mysql+pymysql://mlflow:database-secret@mysql/mlflow",
        mlflow_admin_password="admin-secret",
        mlflow_secret_key="form-secret",
    )

    command = " ".join(server_command(settings, has_login=True))

    assert "secret" not in command
    assert "--app-name login" in command


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = make_settings(mlflow_backend_uri="mysql://x:hidden@db/m", mlflow_admin_password="hidden")

    assert "hidden" not in repr(settings)


def test_files_in_an_object_store_are_reached_with_the_account_of_the_settings() -> None:
    account = {
        "aws_endpoint_url": "http://store:8333",
        "aws_region": "eu-west-1",
        "aws_access_key_id": "account",
        "aws_secret_access_key": "only for this test",
    }
    settings = make_settings(mlflow_artifacts_uri="s3://shop/mlflow", **account)

    environment = server_environment(settings, None, "key")
    command = " ".join(server_command(settings, has_login=False))

    given = {name.upper(): value for name, value in account.items()} | {"AWS_DEFAULT_REGION": "eu-west-1"}
    assert given.items() <= environment.items()
    assert "--artifacts-destination s3://shop/mlflow" in command
    assert "only for this test" not in command
    assert not {name for name in server_environment(make_settings(**account), None, "key") if name.startswith("AWS_")}
