"""Server of the API on HOST and API_PORT: `python -m api.server`.

Uvicorn with bounded requests. Whose word on a client's address counts is a setting of the application's.
"""

import argparse
import sys

import uvicorn

from api.web.protocol import BoundedHttpProtocol
from command import Command, Result
from settings import load_settings

GRACE_SECONDS = 5
"""How long requests at work may take to end once the server is told to stop."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    return Command("api.server", __doc__).run(_serve, arguments)


def _serve(_options: argparse.Namespace) -> Result:
    settings = load_settings()
    uvicorn.run(
        "api.main:app",
        host=settings.host,
        port=settings.api_port,
        http=BoundedHttpProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Result()


if __name__ == "__main__":
    sys.exit(main())
