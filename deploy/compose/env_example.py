"""Write `.env.example` from the settings: `make docs`. A test holds the two together."""

import sys
from pathlib import Path
from textwrap import wrap

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from command import write_made_file
from settings import Settings
from settings.fields import FIXED, SECRET

TARGET = Path(__file__).resolve().parents[2] / ".env.example"
WIDTH = 118
HEAD = """\
# Settings of one installation, with their defaults; made from settings/fields.py by `make docs`, do not edit by hand.
# Copy it to .env, remove the # before what you change. The environment wins over .env.
# docker compose passes on what names no other place.
"""
SET_UP = """\

# --- set-up, and the build of the workflows' image ---

# Where torch comes from: the URL of an index, or a folder of wheels (for the image: a URL). Empty = pip's own settings
# if they lead to a CPU build or this machine has a GPU, else https://download.pytorch.org/whl/cpu.
# TORCH_INDEX_URL=
"""
COMPOSE = """\

# --- containers alone ---

# Port of MySQL on this machine.
# MYSQL_PORT=3307

# Port of the storefront in docker compose; on one machine without containers it is API_PORT.
# STOREFRONT_PORT=5173

# Port of Prometheus on this machine, with --profile monitoring.
# PROMETHEUS_PORT=9090

# With docker-compose.tls.yml: address and ports that the web server is open on; 0.0.0.0 = to the network.
# PUBLIC_ADDRESS=127.0.0.1
# HTTP_PORT=80
# HTTPS_PORT=443

# Load balancers before the web server, whose X-Forwarded-For it believes: addresses or networks, with commas.
# TRUSTED_BALANCERS=

# Tasks at once with docker-compose.scale.yml: four times the number of its workers.
# PARALLELISM=8

# User and group that the containers run as and that owns secrets/; written by `make secrets`.
# APP_UID=
# APP_GID=

# What changes with the secrets, so that their readers start anew; written by `make secrets`.
# SECRETS_STAMP=
# DATABASES_STAMP=
"""


def render() -> str:
    """Return the file's text: each setting with its description, commented out."""
    blocks = [_block(name, field) for name, field in Settings.model_fields.items()]
    return HEAD + "".join(blocks) + SET_UP + COMPOSE


def _block(name: str, field: FieldInfo) -> str:
    """Write one setting: what it is for, where it counts if not in both modes, its default."""
    lines = [*wrap(field.description or "", WIDTH), *_where(name, field)]
    description = "\n".join(f"# {line}" for line in lines)
    return f"\n{description}\n# {name.upper()}={show_default(field.default)}\n"


def _where(name: str, field: FieldInfo) -> list[str]:
    """Say where a setting counts, unless docker-compose.yml passes it on."""
    if field.json_schema_extra == FIXED:
        return ["Embedded mode only: docker-compose.yml sets its own."]
    if field.json_schema_extra == SECRET:
        return [f"In containers: the file secrets/{name}."]
    return []


def show_default(default: object) -> str:
    """Write a default as it would stand in the file; secrets have none."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def main() -> int:
    """Write the page."""
    return write_made_file("deploy.compose.env_example", __doc__, TARGET, render)


if __name__ == "__main__":
    sys.exit(main())
