"""Generate the secrets of one installation: `make secrets`, before the first `docker compose up`.

Standard library only: it runs on the host, before any image exists. A secret that exists is left as it is, so running
it again adds what a newer release needs and changes nothing else. After a secret was replaced, by hand or with
`make secrets RENEW=shop_database_url`, the next `docker compose up -d` starts whoever reads it anew.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from command import Command, Result
from deploy.compose.certificate import CERTIFICATE, KEY, draw_certificate, is_wanted

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "secrets"
CONTAINER_ID = 10001  # user and group in the containers when root generates the secrets
TOKEN_BYTES = 32


def token() -> str:
    """Draw 43 characters that need no quoting in a URL, a shell or an INI file."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def database_url(driver: str, name: str, account: str = "") -> str:
    """Compose the URL of one service's own database and account, with a fresh password."""
    return f"{driver}://{account or name}:{token()}@mysql:3306/{name}?charset=utf8mb4"


DRAWN: dict[str, Callable[[], str]] = {
    "mysql_root_password": token,
    "api_token_key": token,
    "api_metrics_token": token,
    "api_admin_password": token,
    "shop_owner_database_url": lambda: database_url("mysql+pymysql", "shop"),
    "shop_database_url": lambda: database_url("mysql+pymysql", "shop", "shop_reader"),
    "platform_database_url": lambda: database_url("mysql+pymysql", "platform"),
    "mlflow_backend_uri": lambda: database_url("mysql+pymysql", "mlflow"),
    "airflow_database_url": lambda: database_url("mysql+mysqldb", "airflow"),
    "mlflow_admin_password": token,
    "mlflow_secret_key": token,
    "airflow_admin_password": token,
    "airflow_secret_key": token,
    "airflow_jwt_secret": lambda: secrets.token_urlsafe(64),  # signed with HS512, which wants 64 bytes
    "airflow_fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
    "redis_password": token,
    "aws_secret_access_key": token,
}
"""How each secret is drawn. `DERIVED` ones are not."""

OBJECT_STORE_ACCOUNT = "31ie"

URLS = ("shop_owner_database_url", "platform_database_url", "mlflow_backend_uri", "airflow_database_url")
"""URLs of accounts that may do anything in their own database."""
READ_ONLY_URLS = ("shop_database_url",)
BESIDE_THE_SHOP = ("shop_database_url", "platform_database_url")
"""Drawn for the server of the shop's owner, which may have been edited by hand."""
SEEN_BY_DATABASES = ("mysql_root_password", *URLS, *READ_ONLY_URLS)


def write_secrets(folder: Path, owner: tuple[int, int], renew: Iterable[str] = ()) -> list[str]:
    """Write the missing secrets, one file each, readable by their owner alone (mode 0600).

    Args:
        folder: where they go; made if needed (mode 0700).
        owner: user and group id that the containers run as.
        renew: names of secrets to draw anew; a database's URL keeps everything but its password.

    Returns:
        Names of the files that were written.

    Raises:
        ValueError: a name is no secret, or one that cannot be renewed here.
        OSError: a file cannot be written, or no certificate drawn.
    """
    renewed = set(renew)
    _require_renewable(renewed)
    folder.mkdir(mode=0o700, exist_ok=True)
    _give(folder, owner)
    _part_accounts(folder)
    written = []
    for name, draw in DRAWN.items():
        path = folder / name
        if name in renewed or not path.exists():
            is_there = name in (*URLS, *READ_ONLY_URLS) and path.exists()
            value = _with_new_password(path) if is_there else draw()
            if name in BESIDE_THE_SHOP and not is_there:
                value = _move_to_the_shops_server(value, folder)
            _write(path, value, owner)
            written.append(name)
        _give(path, owner)
    for name, (source, render) in DERIVED.items():
        path, text = folder / name, render((folder / source).read_text(encoding="utf-8").strip())
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            _write(path, text, owner)
            written.append(name)
        _give(path, owner)
    if is_wanted(folder):
        for name, value in draw_certificate().items():
            _write(folder / name, value, owner)
            written.append(name)
    for path in (folder / CERTIFICATE, folder / KEY):
        if path.exists():
            _give(path, owner)
    return written


def _part_accounts(folder: Path) -> None:
    """Give the shop the account that was all services' before, which may write; the platform gets one that reads."""
    shared, owners = folder / "shop_database_url", folder / "shop_owner_database_url"
    if shared.exists() and not owners.exists():
        shared.rename(owners)


def _move_to_the_shops_server(url: str, folder: Path) -> str:
    """Give a URL the host, the port and the options of the shop's owner."""
    owners, given = urlsplit((folder / "shop_owner_database_url").read_text(encoding="utf-8").strip()), urlsplit(url)
    address = f"{given.netloc.rpartition('@')[0]}@{owners.netloc.rpartition('@')[2]}"
    return urlunsplit(given._replace(netloc=address, query=owners.query))


def stamp(folder: Path, names: Iterable[str] | None = None) -> str:
    """Condense secrets into a word that changes with any of them and tells nothing about them.

    Args:
        folder: where they are.
        names: which of them count; by default all.
    """
    digest = hashlib.sha256()
    for name in sorted(names or (path.name for path in folder.iterdir())):
        digest.update(f"{name}={(folder / name).read_text(encoding='utf-8').strip()}\n".encode())
    return digest.hexdigest()[:16]


def write_env(env_file: Path, owner: tuple[int, int], folder: Path) -> None:
    """Tell Compose, in `.env`, who may read the secrets and which ones they are; other lines stay.

    Compose starts a container anew when its configuration changes, and the content of a secret is no part of that.
    `SECRETS_STAMP` is: whoever reads a secret carries it as a label.
    """
    values = {
        "APP_UID": str(owner[0]),
        "APP_GID": str(owner[1]),
        "SECRETS_STAMP": stamp(folder),
        "DATABASES_STAMP": stamp(folder, SEEN_BY_DATABASES),
    }
    lines = env_file.read_text(encoding="utf-8").splitlines() if env_file.exists() else []
    kept = [line for line in lines if line.partition("=")[0] not in values]
    env_file.touch(mode=0o600)
    text = "\n".join([*kept, *(f"{name}={value}" for name, value in values.items())]) + "\n"
    env_file.write_text(text, encoding="utf-8")


def _require_renewable(names: set[str]) -> None:
    if "mysql_root_password" in names:
        raise ValueError(
            "mysql_root_password counts when MySQL's data are made and never again: change it in MySQL "
            "(ALTER USER 'root'@'%' ...), then write the same into secrets/mysql_root_password"
        )
    if unknown := names - DRAWN.keys():
        raise ValueError(f"{', '.join(sorted(unknown))}: choose from {', '.join(DRAWN)}")


def _with_new_password(path: Path) -> str:
    """Draw a new password for a URL whose host, account and options stay, also where they were edited by hand."""
    url = urlsplit(path.read_text(encoding="utf-8").strip())
    address = url.netloc.rpartition("@")[2]
    return urlunsplit(url._replace(netloc=f"{url.username}:{token()}@{address}"))


def _client_ini(password: str) -> str:
    """Render the file in which MLflow's clients look for their login."""
    return f"[mlflow]\nmlflow_tracking_username = admin\nmlflow_tracking_password = {password}\n"


def _store_accounts(secret: str) -> str:
    """Render the file in which SeaweedFS looks for who may do what."""
    account = {
        "name": OBJECT_STORE_ACCOUNT,
        "credentials": [{"accessKey": OBJECT_STORE_ACCOUNT, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    return json.dumps({"identities": [account]}) + "\n"


DERIVED: dict[str, tuple[str, Callable[[str], str]]] = {
    "mlflow_credentials": ("mlflow_admin_password", _client_ini),
    "object_store_accounts": ("aws_secret_access_key", _store_accounts),
}
"""Secrets that say what another one says, in the words of who reads it: that one, and how."""


def _write(path: Path, value: str, owner: tuple[int, int]) -> None:
    """Replace a secret; a reader sees the old one or the new one, and nobody else sees either."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(value, encoding="utf-8")
    _give(part, owner)
    part.replace(path)


def _give(path: Path, owner: tuple[int, int]) -> None:
    """Hand a file to the containers' user; only root can, and only root needs to."""
    if os.getuid() == 0:
        os.chown(path, *owner)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.compose.credentials", __doc__, failed="The secrets were not written")
    command.add_argument("--renew", nargs="+", default=[], metavar="NAME", help=f"draw anew: {', '.join(DRAWN)}")
    return command.run(_draw, arguments, (OSError, ValueError))


def _draw(options: argparse.Namespace) -> Result:
    """Write what is missing and say what was done."""
    owner = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_ID, CONTAINER_ID)
    written = write_secrets(FOLDER, owner, options.renew)
    write_env(ROOT / ".env", owner, FOLDER)
    return Result(f"secrets written: {', '.join(written) or 'none, all were there'}")


if __name__ == "__main__":
    sys.exit(main())
