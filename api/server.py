"""Server of the API on HOST and API_PORT: `python -m api.server`.

Uvicorn with bounded requests. Whose word on a client's address counts is a setting of the application's.
"""

import uvicorn

from api.web.protocol import BoundedHttpProtocol
from command import Command
from settings import load_settings

GRACE_SECONDS = 5
"""How long requests at work may take to end once the server is told to stop."""


def main() -> None:
    """Serve until told to stop."""
    Command("api.server", __doc__).parse_args()
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


if __name__ == "__main__":
    main()
