"""Basic authentication of the MLflow server: off on one's own machine, demanded in production.

Its users live in a SQLite file of their own in both modes: MLflow's login application names a foreign key twice, which
MySQL refuses (mlflow issue 9642). The administrator's password is the one in the settings, at every start: the
workflows' clients read the same secret.
"""

import configparser
import io
from pathlib import Path

from settings import Settings

MIN_SECRET_LENGTH = 20
ADMIN = "admin"
CHECKED_SECONDS = 300
"""How long a password that was right is not hashed again, which takes a core 0.1 s and MLflow does at each request."""


def write_login_file(settings: Settings, path: Path) -> Path | None:
    """Write the file that MLflow's login application reads, for its owner's eyes only (mode 0600).

    Args:
        settings: where things run; `mlflow_admin_password` turns the login on.
        path: file to write; its folder exists and lasts, for the users are kept beside it.

    Returns:
        `path`, or `None` when no password is set and none is needed.

    Raises:
        ValueError: a secret is missing or too short; set it, or run outside production.
    """
    password = settings.mlflow_admin_password.get_secret_value()
    if not password and settings.environment == "development":
        return None
    _require_strong("MLFLOW_ADMIN_PASSWORD", password)
    _require_strong("MLFLOW_SECRET_KEY", settings.mlflow_secret_key.get_secret_value())
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(_login_ini(f"sqlite:///{path.with_suffix('.db')}", password), encoding="utf-8")
    return path


def keep_password(settings: Settings, login_file: Path) -> bool:
    """Give the administrator the password of the settings, where an earlier start gave another.

    Args:
        settings: where things run.
        login_file: what `write_login_file` wrote; the users are kept beside it.

    Returns:
        Whether it was another one.
    """
    users = login_file.with_suffix(".db")
    if not users.exists():
        return False  # the login application makes the administrator at its first start
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    password = settings.mlflow_admin_password.get_secret_value()
    store = SqlAlchemyStore()
    store.init_db(f"sqlite:///{users}")
    if not store.has_user(ADMIN) or store.authenticate_user(ADMIN, password):
        return False
    store.update_user(ADMIN, password=password)
    return True


def _require_strong(name: str, value: str) -> None:
    if len(value) < MIN_SECRET_LENGTH:
        raise ValueError(
            f"{name} has {len(value)} characters, a secret needs {MIN_SECRET_LENGTH} or more. "
            "Generate the installation's secrets with `make secrets`."
        )


def _login_ini(database_uri: str, password: str) -> str:
    """Render the configuration; `%` is doubled because the reader interpolates."""
    ini = configparser.ConfigParser()
    ini["mlflow"] = {
        "default_permission": "READ",
        "database_uri": database_uri.replace("%", "%%"),
        "admin_username": ADMIN,
        "admin_password": password.replace("%", "%%"),
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        "auth_cache_ttl_seconds": str(CHECKED_SECONDS),
    }
    text = io.StringIO()
    ini.write(text)
    return text.getvalue()
