"""Write api/schemas/openapi.json, from which the storefront's client is made: `python -m api.openapi`."""

import json
import sys
from pathlib import Path

from api.application import create_app
from command import write_made_file
from settings import Settings

COMMITTED = Path(__file__).parent / "schemas" / "openapi.json"


def render_openapi() -> str:
    """Return the description as it is committed. No setting changes it."""
    description = create_app(Settings(_env_file=None)).openapi()
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Write the file."""
    return write_made_file("api.openapi", __doc__, COMMITTED, render_openapi)


if __name__ == "__main__":
    sys.exit(main())
