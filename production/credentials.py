"""Generate the secrets of one installation: `make secrets`, before the first `docker compose up`.

Standard library only: it runs on the host, before any image exists. A secret that exists is left as it is, so running
it again adds what a newer release needs and changes nothing else.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "secrets"
CONTAINER_ID = 10001  # user and group in the containers when root generates the secrets
TOKEN_BYTES = 32


def token() -> str:
    """Draw 43 characters that need no quoting in a URL, a shell or an INI file."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def database_url(driver: str, name: str) -> str:
    """Compose the URL of one service's own database and account, with a fresh password."""
    return f"{driver}://{name}:{token()}@mysql:3306/{name}?charset=utf8mb4"


def write_secrets(folder: Path, owner: tuple[int, int]) -> list[str]:
    """Write the missing secrets, one file each, readable by their owner alone (mode 0600).

    Args:
        folder: where they go; made if needed (mode 0700).
        owner: user and group id that the containers run as.

    Returns:
        Names of the files that were written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    _give(folder, owner)
    written = []
    for name, value in _fresh_values(folder).items():
        path = folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
            written.append(name)
        _give(path, owner)
    return written


def write_owner(env_file: Path, owner: tuple[int, int]) -> None:
    """Tell Compose which user may read the secrets: `APP_UID` and `APP_GID` in `.env`, its other lines kept."""
    lines = env_file.read_text(encoding="utf-8").splitlines() if env_file.exists() else []
    kept = [line for line in lines if not line.startswith(("APP_UID=", "APP_GID="))]
    text = "\n".join([*kept, f"APP_UID={owner[0]}", f"APP_GID={owner[1]}"]) + "\n"
    env_file.touch(mode=0o600)
    env_file.write_text(text, encoding="utf-8")


def _fresh_values(folder: Path) -> dict[str, str]:
    """Draw a value for every secret; MLflow's clients get the password that its server has."""
    password_file = folder / "mlflow_admin_password"
    mlflow_password = password_file.read_text(encoding="utf-8") if password_file.exists() else token()
    return {
        "mysql_root_password": token(),
        "api_token_key": token(),
        "shop_database_url": database_url("mysql+pymysql", "shop"),
        "mlflow_backend_uri": database_url("mysql+pymysql", "mlflow"),
        "airflow_database_url": database_url("mysql+mysqldb", "airflow"),
        "mlflow_admin_password": mlflow_password,
        "mlflow_secret_key": token(),
        "mlflow_credentials": _client_ini(mlflow_password),
        "airflow_admin_password": token(),
        "airflow_secret_key": token(),
        "airflow_jwt_secret": secrets.token_urlsafe(64),  # signed with HS512, which wants 64 bytes
        "airflow_fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
    }


def _client_ini(password: str) -> str:
    """Render the file in which MLflow's clients look for their login."""
    return f"[mlflow]\nmlflow_tracking_username = admin\nmlflow_tracking_password = {password}\n"


def _give(path: Path, owner: tuple[int, int]) -> None:
    """Hand a file to the containers' user; only root can, and only root needs to."""
    if os.getuid() == 0:
        os.chown(path, *owner)


def main() -> None:
    """Write what is missing and say what was done."""
    argparse.ArgumentParser(prog="python3 -m production.credentials", description=__doc__).parse_args()
    owner = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_ID, CONTAINER_ID)
    try:
        written = write_secrets(FOLDER, owner)
        write_owner(ROOT / ".env", owner)
    except OSError as err:
        sys.exit(f"The secrets could not be written: {err}")
    sys.stdout.write(f"secrets written: {', '.join(written) or 'none, all were there'}\n")


if __name__ == "__main__":
    main()
