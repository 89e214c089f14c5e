"""What the API writes about its requests: one line each, with the request's id and without anything personal."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def set_up_logs() -> None:
    """Log to stderr. The server's own access log stays silent: it would write down who looked at what."""
    logging.basicConfig(stream=sys.stderr, format=FORMAT)
    logging.getLogger("api").setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
